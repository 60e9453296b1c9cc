import { findOnPath, outputOf } from './find-program.ts';

/**
 * The command line that also ends the program when this process is killed and can do nothing about it.
 *
 * Linux can do that (prctl(2), PR_SET_PDEATHSIG) through util-linux's setpriv, which then becomes the program
 * itself. Elsewhere, the next start on the same folder stops the engine that was left behind.
 */
export async function endingWithParent(
  file: string,
  args: readonly string[],
  path: string | undefined,
): Promise<{ file: string; args: string[] }> {
  const setpriv = process.platform === 'linux' ? await findOnPath('setpriv', path) : undefined;
  // The setpriv of small distributions does not know the option.
  if (!setpriv || !(await outputOf(setpriv, ['--help']))?.includes('--pdeathsig')) {
    return { file, args: [...args] };
  }
  return { file: setpriv, args: ['--pdeathsig', 'TERM', file, ...args] };
}
