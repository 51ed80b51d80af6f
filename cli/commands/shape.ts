import { type Command, InvalidArgumentError, Option } from 'commander';

interface Shape {
  readonly description: string;
  /** One line that works as it stands. */
  readonly example: string;
  /** Whether it is meant where its parent is named alone. Default false. */
  readonly isDefault?: true;
}

/** A command that talks to the core and prints data. */
export function coreCommand(
  parent: Command,
  name: string,
  { description, example, isDefault }: Shape,
): Command {
  return parent
    .command(name, { isDefault: isDefault === true })
    .description(description)
    .addHelpText('after', `\nExample:\n  ${example}`)
    .option('--json', 'print JSON instead of a table; amounts are minor units')
    .option('--target <host:port>', "the core's gRPC address (default: FLORIN_HOST and FLORIN_GRPC_PORT)");
}

/** A command about one book. */
export function bookCommand(parent: Command, name: string, shape: Shape): Command {
  return coreCommand(parent, name, shape).option(
    '--book <name>',
    'the book (default: FLORIN_BOOK, or that of the sample if there is no other)',
  );
}

/** An option that takes one of these words and yields what it stands for. */
export function choice<T>(flags: string, description: string, meanings: Readonly<Record<string, T>>): Option {
  const words = Object.keys(meanings).join(', ');
  return new Option(flags, `${description} (${words})`).argParser((word: string) => {
    if (Object.hasOwn(meanings, word)) return meanings[word];
    throw new InvalidArgumentError(`It is one of ${words}.`);
  });
}

/** An option that takes a whole number. */
export function count(flags: string, description: string, bounds: { min: number; max: number }): Option {
  return new Option(flags, description).argParser((text: string) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= bounds.min && value <= bounds.max) return value;
    throw new InvalidArgumentError(`It is a whole number from ${bounds.min} to ${bounds.max}.`);
  });
}

/** An id as the core has it, of one that is shown to merchants too: the UUID of "pi_" and 32 digits. */
export function readId(text: string): string {
  const [, ...parts] =
    /^[a-z]{2,4}_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(text) ?? [];
  return parts.length === 0 ? text : parts.join('-');
}
