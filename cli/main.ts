import { CommanderError } from 'commander';
import { endWhenReaderLeaves } from './print/terminal.ts';
import { EXIT, Problem } from './problem.ts';
import { florinProgram } from './program.ts';

endWhenReaderLeaves();
try {
  await exitByThrowing(florinProgram()).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Commander would end the process by itself, with 1 for wrong usage. */
function exitByThrowing(command: ReturnType<typeof florinProgram>): typeof command {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
  return command;
}

function exitCodeOf(error: unknown): number {
  // Help and version end this way too, with 0; what was wrong has been said already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.couldNotRun;
  if (!(error instanceof Problem)) throw error;
  console.error(`florin: ${error.message}`);
  return error.exitCode;
}
