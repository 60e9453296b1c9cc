export { makeBackup, type BackupReport, type Progress } from './make-backup.ts';
export { refuseHalfRestored, unfinishedRestore } from './mark.ts';
export { stagingPrefix } from './policy.ts';
export { checkBackup, restoreBackup } from './restore-backup.ts';
export { withSnapshot } from './snapshot.ts';
