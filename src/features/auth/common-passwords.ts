// The commonest passwords of eight and more characters in published leaks; shorter ones are too short anyway.
const list = `
123456789 12345678 1234567890 password password1 password12 password123 password1234 password! passw0rd
p@ssw0rd p@ssword pa$$word pa$$w0rd passwort passwort1 passwort123 qwertyuiop qwerty123 qwerty12 qwerty1234 qwerty12345
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 zaq12wsx zaq1zaq1 qazwsxedc qazwsx123 asdfghjkl
asdfghjk asdf1234 asdfasdf asdfjkl; zxcvbnm1 zxcvbnm123 zxcvbnm, qweasdzxc qwe123qwe qweqweqwe qweasd123 qwer1234
qwerasdf 11111111 111111111 1111111111 00000000 000000000 0000000000 22222222 33333333 44444444 55555555 66666666
77777777 88888888 99999999 12341234 12121212 11223344 1122334455 112233445566 123123123 123321123 123654789
147258369 159753159 741852963 789456123 987654321 9876543210 87654321 0987654321 0123456789 01234567 1234567891
12345678910 123456789a 1234567a 12345678a a12345678 a123456789 a1234567 aa123456 aa12345678 abc12345 abcd1234
abc123456 abcdefgh abcdefghi abcdefg1 abcabcabc 123abc123 123qweasd 123qwe123 123456qwerty 123456abc 123456aa 1234qwer
1234abcd 12345qwert 1a2b3c4d a1b2c3d4 a1b2c3d4e5 iloveyou iloveyou1 iloveyou2 iloveyou! iloveyou123 loveyou1 lovelove
iloveme1 ihateyou princess princess1 princesa sunshine sunshine1 football football1 baseball baseball1 basketball
basketball1 volleyball softball swimming skateboard superman superman1 batman123 spiderman spiderman1 ironman1
pokemon1 pikachu1 starwars starwars1 starwars! skywalker startrek trustno1 trustnoone letmein1 letmein! letmein123
letmeinnow welcome1 welcome! welcome12 welcome123 welcome2024 welcome2025 welcome2026 whatever whatever1 changeme
changeme1 changeme123 changeit default1 default123 administrator admin123 admin1234 admin12345 adminadmin root1234
rootroot toor1234 test1234 testtest testing1 testing123 test12345 tester123 guest123 guestguest user1234 username
username1 login123 loginlogin secret123 secret12 topsecret mypassword mypassword1 yourpassword newpassword
oldpassword temppass temporary temp1234 nopassword mypass123 pass1234 pass12345 passpass password01 password02
password11 password2 password3 password21 password99 password2024 password2025 password2026 master123 masterkey
mastermind computer computer1 internet internet1 keyboard notebook microsoft windows1 windows10 windows11 google123
facebook facebook1 linkedin instagram whatsapp youtube1 samsung1 samsung123 iphone123 android1 blackberry motorola
michelle michelle1 jennifer jennifer1 jonathan jonathan1 victoria victoria1 christian elizabeth elizabeth1 alexander
alexander1 alexandra nicholas nicholas1 benjamin benjamin1 samantha samantha1 danielle danielle1 stephanie patricia
veronica cristina gabriela fernando rodrigo1 mohammed muhammad abdullah michael1 michael123 jordan23 jordan123
charlie1 charlie123 anthony1 matthew1 william1 andrew12 thomas12 robert12 daniel123 jessica1 jessica123 ashley12
amanda12 nicole12 barcelona barcelona1 realmadrid liverpool liverpool1 manchester manunited chelsea1 chelseafc arsenal1
arsenal123 juventus juventus1 benfica1 galatasaray fenerbahce besiktas chocolate chocolate1 butterfly butterfly1
strawberry blueberry raspberry cinnamon cupcake1 cookie123 cheese123 banana123 pineapple watermelon pumpkin1 peanut12
dolphins dolphin1 elephant elephant1 kangaroo penguin1 monkey12 monkey123 tigger123 dragon12 dragon123 snoopy12
midnight midnight1 moonlight sunflower rainbow1 rainbow123 snowball snowflake blackcat whitecat mercedes mercedes1
porsche911 ferrari1 lamborghini corvette mustang1 chevrolet chevy123 yamaha123 kawasaki harley123 friends1 friends123
friendship forever1 forever21 together happiness happyday happy123 hello123 hello1234 hellohello helloworld goodluck
godbless godisgood godislove jesus123 jesuschrist jesus777 blessed1 faith123 bismillah inshallah metallica metallica1
slipknot nirvana1 greenday linkinpark eminem123 beautiful beautiful1 sweetheart babygirl babygirl1 babygirl123 babyblue
cutiepie cutie123 lovely123 sexybaby hotstuff playboy1 fuckyou1 fuckyou2 fuckyou! fuckyou123 fuckoff1 asshole1 bullshit
motherfucker dickhead pussycat hunter12 hunter123 hunter22 killer12 killer123 warcraft minecraft minecraft1 counterstrike
fortnite roblox123 nintendo playstation xbox360! zeldazelda finalfantasy naruto123 dragonball gandalf1 gandalf123
hogwarts gryffindor voldemort dumbledore summer12 summer123 summer2024 summer2025 summer2026 winter123 winter2024
winter2025 winter2026 spring123 spring2024 spring2025 spring2026 autumn2024 autumn2025 autumn2026 monday123 friday13
january1 february september september1 october1 november november1 december december1 correcthorsebatterystaple
correct-horse-battery-staple letmeinplease opensesame abracadabra qwertyui qwertyuiop123 qwertz123 qwertzuiop azertyuiop
azerty123 1234azer 147852369 369258147 321321321 456456456 789789789 159159159 258258258 010203040506 01020304 10203040
102030405060 19841984 20202020 20242024 20252025 20262026 aaaaaaaa aaaaaaaaa aaaaaaaaaa xxxxxxxx zzzzzzzz qqqqqqqq
protasker protasker1 protasker123 pro-tasker
`;

const passwords = new Set(list.trim().split(/\s+/));

/** Whether a password is one of those that are tried first; upper and lower case make no difference. */
export const isCommonPassword = (password: string): boolean => passwords.has(password.toLowerCase());
