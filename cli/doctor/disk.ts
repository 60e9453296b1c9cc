import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fault, ok, warning, type Finding } from './finding.ts';

/** The room of a file system, in bytes. */
export interface Room {
  free: number;
  total: number;
}

/** The room where a folder lies or will be made. */
export async function roomAt(folder: string): Promise<Room> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, blocks, bsize } = await statfs(path);
      return { free: bavail * bsize, total: blocks * bsize };
    } catch (error) {
      if (dirname(path) === path) throw error;
    }
  }
}

const gigabyte = 1e9;
const tooLittle = { bytes: 0.2 * gigabyte, share: 0.01 };
const little = { bytes: gigabyte, share: 0.05 };

/** Judges how much room is left for data. */
export function judgeRoom({ free, total }: Room, where: string): Finding {
  const isBelow = ({ bytes, share }: typeof little): boolean => free < bytes || free < share * total;
  const seen = `${(free / gigabyte).toFixed(1)} of ${(total / gigabyte).toFixed(1)} GB free ${where}`;
  const advice = 'make room or move the data to a larger disk: a full one stops every write.';
  if (isBelow(tooLittle)) return fault('disk', seen, advice);
  return isBelow(little) ? warning('disk', seen, advice) : ok('disk', seen);
}
