/** Narrower than this nothing is squeezed: a table of slivers helps nobody. */
const WIDTH_MIN = 40;
/** Some terminals say 0. */
const WIDTH_UNKNOWN = 80;

/** Where a command prints, and what may be done there. */
export interface Terminal {
  /** Columns to fit into; undefined where no person looks (a file, a pipe): then nothing is cut. */
  readonly width: number | undefined;
  readonly isColoured: boolean;
  /** A part of the answer, on stdout; settles when there is room for more. */
  write(text: string): Promise<void>;
  /** A line of the answer. */
  print(line: string): Promise<void>;
  /** A remark to the person, on stderr, so that the answer stays clean in a pipe. */
  remark(line: string): void;
}

/** Stdout and stderr of this process. */
export function processTerminal(options: { isColourUnwanted: boolean }): Terminal {
  const { stdout } = process;
  const write = async (text: string): Promise<void> => {
    if (stdout.write(text)) return;
    await new Promise((resolve) => stdout.once('drain', resolve));
  };
  return {
    width: stdout.isTTY ? Math.max(WIDTH_MIN, stdout.columns || WIDTH_UNKNOWN) : undefined,
    isColoured: stdout.isTTY && !options.isColourUnwanted,
    write,
    print: (line) => write(`${line}\n`),
    remark: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}

/** `florin accounts | head` closes our stdout early: that is no error, there is just nobody left to print for. */
export function endWhenReaderLeaves(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
