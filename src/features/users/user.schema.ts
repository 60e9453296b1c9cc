import { z } from 'zod';
import {
  Flag,
  Id,
  lineOf,
  listQuery,
  pageOf,
  sortBy,
  Timestamp,
  Version,
  wordOf,
} from '../../schemas/common.ts';

const emailForm = /^[^\s@"<>()[\]:;,\\]{1,64}@[^\s@"<>()[\]:;,\\.]+(?:\.[^\s@"<>()[\]:;,\\.]+)+$/u;
const mostPasswordCharacters = 200;

/** An e-mail address in requests. */
export const EmailAddress = lineOf(254)
  .normalize('NFC')
  .regex(emailForm, 'must be an e-mail address')
  // Two addresses that look the same would be two accounts.
  .refine((address) => !/\p{Cf}/u.test(address), 'must not contain invisible characters')
  .meta({
    description: 'An e-mail address; compared without regard to upper and lower case',
    examples: ['ada@example.com'],
  });

/** A person's name in requests. */
export const PersonName = lineOf(100)
  .normalize('NFC')
  .meta({ description: 'The name others see', examples: ['Ada Lovelace'] });

/** The password an account has now, in requests; any length a password may have had. */
export const CurrentPassword = z
  .string()
  .min(1, 'must not be empty')
  .max(1000, 'is longer than any password here')
  .meta({ description: 'The password the account has now', examples: ['correct horse battery staple'] });

/** A new password in requests; how good it must be is judged later, so that every reason is told. */
export const NewPassword = z
  .string()
  .min(1, 'must not be empty')
  .max(1000, `must have at most ${String(mostPasswordCharacters)} characters`)
  .meta({
    description:
      '8 to 200 characters, none of the common passwords, without a part of four or more characters of the name or e-mail',
    examples: ['correct horse battery staple'],
  });

const SiteRole = wordOf(['admin']).meta({
  description: 'A role on the whole site',
  examples: ['admin'],
});

const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/, 'must be an IANA time zone such as Europe/Berlin')
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
  .meta({ description: 'An IANA time zone', examples: ['Europe/Berlin'] });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const Avatar = z
  .url({ protocol: /^https$/, error: 'must be an https URL' })
  .max(2000, 'must have at most 2000 characters')
  .meta({ description: 'An https URL of a picture', examples: ['https://example.com/ada.png'] });

const publicFields = {
  id: Id,
  name: z.string().meta({ description: 'The name others see', examples: ['Ada Lovelace'] }),
  avatar: z
    .string()
    .nullable()
    .meta({ description: 'The URL of a picture', examples: ['https://example.com/ada.png'] }),
};

const accountFields = {
  ...publicFields,
  email: z.string().meta({ description: 'The e-mail address as typed', examples: ['ada@example.com'] }),
  timeZone: z.string().meta({ description: 'The IANA time zone', examples: ['Europe/Berlin'] }),
  roles: z.array(SiteRole).meta({ description: 'Roles on the whole site', examples: [[]] }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
};

const exampleAccount = {
  id: '66a1f0c2e4b0a1b2c3d4e5f6',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  avatar: null,
  timeZone: 'Europe/London',
  roles: [],
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
  version: 1,
};

/** One's own account. */
export const User = z
  .strictObject(accountFields)
  .meta({ id: 'User', description: 'One’s own account', examples: [exampleAccount] });

/** An account as administrators see it. */
export const UserAccount = z
  .strictObject({
    ...accountFields,
    disabled: z.boolean().meta({ description: 'True when the person cannot log in', examples: [false] }),
  })
  .meta({
    id: 'UserAccount',
    description: 'An account as administrators see it',
    examples: [{ ...exampleAccount, disabled: false }],
  });

/** A person as those see them who share a project with them. */
export const PublicUser = z.strictObject(publicFields).meta({
  id: 'PublicUser',
  description: 'A person as those see them who share a project with them',
  examples: [{ id: exampleAccount.id, name: exampleAccount.name, avatar: null }],
});

/** What GET /users/:id answers. */
export const VisibleUser = z.union([UserAccount, PublicUser]).meta({
  id: 'VisibleUser',
  description: 'The whole account for administrators, otherwise what people in shared projects see',
  examples: [{ id: exampleAccount.id, name: exampleAccount.name, avatar: null }],
});

/** PATCH /users/me. */
export const ProfileUpdate = z
  .strictObject({
    name: PersonName.optional(),
    avatar: Avatar.nullable().optional(),
    timeZone: TimeZone.optional(),
    email: EmailAddress.optional(),
    currentPassword: CurrentPassword.optional(),
  })
  .refine((update) => update.email === undefined || update.currentPassword !== undefined, {
    path: ['currentPassword'],
    error: 'is needed to change the e-mail address',
  })
  .meta({
    id: 'ProfileUpdate',
    description: 'Absent fields stay; `email` needs `currentPassword`',
    examples: [{ name: 'Ada King', timeZone: 'Europe/London' }],
  });

/** DELETE /users/me. */
export const AccountDeletion = z.strictObject({ currentPassword: CurrentPassword }).meta({
  id: 'AccountDeletion',
  description: 'Proof that it is the owner who deletes the account',
  examples: [{ currentPassword: 'correct horse battery staple' }],
});

/** PATCH /users/:id. */
export const AccountUpdate = z
  .strictObject({
    roles: z
      .array(SiteRole)
      .max(10)
      .refine((roles) => new Set(roles).size === roles.length, 'must not name a role twice')
      .optional()
      .meta({ description: 'All roles the user shall have', examples: [['admin']] }),
    disabled: z
      .boolean()
      .optional()
      .meta({ description: 'True shuts the user out at once', examples: [true] }),
  })
  .meta({
    id: 'AccountUpdate',
    description: 'What administrators change of an account',
    examples: [{ disabled: true }],
  });

/** The id in the path. */
export const UserParams = z.strictObject({ id: Id });

/** The query of GET /users. */
export const UserFilter = z.strictObject({
  ...listQuery,
  q: lineOf(100)
    .optional()
    .meta({ description: 'The start of the name, of one of its words or of the e-mail', examples: ['ada'] }),
  disabled: Flag.optional().meta({ description: 'Only disabled or only enabled accounts' }),
  role: SiteRole.optional(),
  sort: sortBy(['createdAt', 'name', 'email'], 'createdAt'),
});

/** GET /users. */
export const UserPage = pageOf(UserAccount, 'UserPage');
