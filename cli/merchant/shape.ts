import type { Command } from 'commander';

interface Shape {
  readonly description: string;
  /** One line that works as it stands. */
  readonly example: string;
  readonly more?: string;
}

/** A command that asks the edge, as a merchant's server does. */
export function merchantCommand(
  parent: Command,
  name: string,
  { description, example, more }: Shape,
): Command {
  return parent
    .command(name)
    .description(description)
    .addHelpText('after', `${more === undefined ? '' : `\n${more}`}\nExample:\n  ${example}`)
    .option('--key <secret>', "an API key (default: FLORIN_API_KEY, or that of the sample's shop)")
    .option('--url <url>', "the edge's address (default: FLORIN_EDGE_HOST and FLORIN_EDGE_PORT)");
}
