import type { LogDocument } from '../../actions/documents/work.ts';
import type { LogPiece } from '../../actions/tasks/follow-log.ts';
import type { BaseCommand } from '../base-command.ts';
import { ByteOutput } from '../output.ts';

/** A document a piece. Answers with the last attempt that printed something; 0: none did. */
export async function printLogJson(
  command: BaseCommand,
  pieces: AsyncIterable<LogDocument>,
): Promise<number> {
  let shown = 0;
  for await (const piece of pieces) {
    shown = piece.attempt;
    await command.printJson(piece);
  }
  return shown;
}

/** The bytes as they are; where another attempt begins is said on stderr. Answers as `printLogJson`. */
export async function printLog(command: BaseCommand, pieces: AsyncIterable<LogPiece>): Promise<number> {
  let shown = 0;
  const outputs = new Map<string, ByteOutput>();
  for await (const { attempt, stream, bytes } of pieces) {
    const key = `${attempt} ${stream}`;
    if (attempt !== shown && attempt > 1) command.hint(`--- attempt ${attempt} ---`);
    shown = attempt;
    const output = outputs.get(key) ?? new ByteOutput();
    outputs.set(key, output);
    await output.write(bytes);
  }
  for (const output of outputs.values()) await output.end();
  return shown;
}
