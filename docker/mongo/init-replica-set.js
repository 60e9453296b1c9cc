// Run by mongosh, which waits for each database call by itself: brings the replica set to the members of MONGO_MEMBERS
// and makes the user of the app. It may run at every start: what is there already stays.

const { MONGO_MEMBERS, MONGO_ROOT_PASSWORD, MONGO_APP_PASSWORD } = process.env;
const setName = 'rs0';
const appDatabase = 'pro-tasker';
const appUser = 'pro-tasker';
const hosts = MONGO_MEMBERS.split(',');
const [first] = hosts;

const adminAt = (where, options) =>
  new Mongo(`mongodb://root:${MONGO_ROOT_PASSWORD}@${where}/admin?authSource=admin&${options}`).getDB(
    'admin',
  );

/** Makes a set of the first member alone; the others come in empty and copy its data. */
function initiate() {
  const alone = adminAt(first, 'directConnection=true');
  try {
    alone.runCommand({ replSetGetStatus: 1 });
  } catch (error) {
    if (error.codeName !== 'NotYetInitialized') throw error;
    alone.runCommand({ replSetInitiate: { _id: setName, members: [{ _id: 0, host: first }] } });
  }
}

/** Adds a member; one at a time, and not before the last change has reached a majority. */
function join(admin, host) {
  for (let attempt = 1; ; attempt += 1) {
    const { config } = admin.runCommand({ replSetGetConfig: 1 });
    if (config.members.some((member) => member.host === host)) return;
    const id = Math.max(...config.members.map((member) => member._id)) + 1;
    config.version += 1;
    config.members.push({ _id: id, host });
    try {
      admin.runCommand({ replSetReconfig: config });
      return;
    } catch (error) {
      const passes = ['ConfigurationInProgress', 'CurrentConfigNotCommittedYet', 'NodeNotFound'];
      if (attempt === 60 || !passes.includes(error.codeName)) throw error;
      sleep(1000);
    }
  }
}

/** Makes the app's user, or gives it the password and the right of today. */
function grant(admin) {
  const database = admin.getSiblingDB(appDatabase);
  const { users } = database.runCommand({ usersInfo: appUser });
  database.runCommand({
    [users.length === 0 ? 'createUser' : 'updateUser']: appUser,
    pwd: MONGO_APP_PASSWORD,
    roles: [{ role: 'readWrite', db: appDatabase }],
  });
}

initiate();
// Found through the set, because any member may be the primary; a fresh set takes some seconds to have one.
const admin = adminAt(hosts.join(','), `replicaSet=${setName}&serverSelectionTimeoutMS=60000`);
for (const host of hosts) join(admin, host);
grant(admin);
print(`${setName}: ${hosts.join(', ')}; user ${appUser} may read and write ${appDatabase}.`);
