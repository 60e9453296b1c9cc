import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import * as auth from './auth.controller.ts';
import {
  Login,
  OpenSessionPage,
  OpenSessionParams,
  OpenSessionQuery,
  PasswordChange,
  Refresh,
  Registration,
  Session,
} from './session.schema.ts';

const tags = ['Auth'] as const;

/** How people get in and out. */
export const authRoutes: Endpoint[] = [
  endpoint(
    'post',
    '/auth/register',
    {
      id: 'register',
      summary: 'Make an account and log in',
      answersSecrets: true,
      tags,
      access: 'public',
      body: Registration,
      responses: { 201: Session },
      problems: ['auth.registration_closed', 'auth.weak_password', 'auth.email_taken'],
      rateClass: 'auth',
    },
    auth.register,
  ),
  endpoint(
    'post',
    '/auth/login',
    {
      id: 'login',
      summary: 'Log in',
      answersSecrets: true,
      description:
        'Answers the same, in the same time, whether the address is unknown or the password wrong.',
      tags,
      access: 'public',
      body: Login,
      responses: { 200: Session },
      problems: ['auth.invalid_credentials', 'auth.account_disabled'],
      rateClass: 'auth',
    },
    auth.login,
  ),
  endpoint(
    'post',
    '/auth/refresh',
    {
      id: 'refresh',
      summary: 'Prolong a session',
      answersSecrets: true,
      description:
        'A refresh token works once. Sent again within 10 seconds of its use (parallel tabs) it gives further tokens of the same session; sent again later it counts as stolen and ends the session.',
      tags,
      access: 'public',
      body: Refresh,
      responses: { 200: Session },
      problems: ['auth.invalid_refresh_token', 'auth.account_disabled'],
      rateClass: 'auth',
    },
    auth.refresh,
  ),
  endpoint(
    'post',
    '/auth/logout',
    {
      id: 'logout',
      summary: 'End this session',
      answersSecrets: true,
      description: 'From the next request on its tokens are refused; another process may take one second.',
      tags,
      access: 'signed-in',
      responses: { 204: null },
      problems: [],
    },
    auth.logout,
  ),
  endpoint(
    'post',
    '/auth/logout-all',
    {
      id: 'logoutAll',
      summary: 'End all your sessions',
      answersSecrets: true,
      tags,
      access: 'signed-in',
      responses: { 204: null },
      problems: [],
    },
    auth.logoutAll,
  ),
  endpoint(
    'post',
    '/auth/password',
    {
      id: 'changePassword',
      summary: 'Change your password',
      answersSecrets: true,
      description: 'Ends every other session; the session of this request goes on.',
      tags,
      access: 'signed-in',
      body: PasswordChange,
      responses: { 204: null },
      problems: ['user.not_found', 'auth.wrong_password', 'auth.weak_password'],
    },
    auth.changePassword,
  ),
  endpoint(
    'get',
    '/auth/sessions',
    {
      id: 'listSessions',
      summary: 'List your sessions',
      description:
        'The last opened first. `lastUsedAt` and `address` are those of the last login or refresh.',
      tags,
      access: 'signed-in',
      query: OpenSessionQuery,
      responses: { 200: OpenSessionPage },
      problems: [],
    },
    auth.listSessions,
  ),
  endpoint(
    'delete',
    '/auth/sessions/:id',
    {
      id: 'endSession',
      summary: 'End one of your sessions',
      answersSecrets: true,
      tags,
      access: 'signed-in',
      params: OpenSessionParams,
      responses: { 204: null },
      problems: ['auth.session_not_found'],
    },
    auth.endSession,
  ),
];
