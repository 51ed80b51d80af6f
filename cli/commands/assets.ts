import type { Command } from 'commander';
import type { Asset } from '../../gen/florin/ledger/v1/assets_pb.ts';
import { tableLines } from '../print/table.ts';
import { itemsOf } from './pages.ts';
import { type CoreOptions, type Session, withCore } from './session.ts';
import { coreCommand } from './shape.ts';

interface AssetsOptions extends CoreOptions {
  readonly custom?: true;
  readonly json?: true;
}

export function addAssets(program: Command): void {
  coreCommand(program, 'assets', {
    description: 'list the assets: all of ISO 4217, and custom ones',
    example: 'florin assets --custom',
  })
    .option('--custom', 'only custom ones')
    .action((options: AssetsOptions) => withCore(options, (session) => listAssets(session, options)));
}

async function listAssets({ client, terminal }: Session, options: AssetsOptions): Promise<void> {
  const assets: Asset[] = [];
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.assets.listAssets({ ...page, customOnly: options.custom === true });
    return { items: answer.assets, nextPageToken: answer.nextPageToken };
  };
  for await (const asset of itemsOf(fetch)) assets.push(asset);

  if (options.json === true) {
    const shown = assets.map(({ code, scale, name, iso4217 }) => ({ code, scale, name, iso_4217: iso4217 }));
    await terminal.print(JSON.stringify(shown));
    return;
  }
  const lines = tableLines<Asset>(
    [
      { title: 'CODE', text: (asset) => asset.code },
      { title: 'DECIMALS', align: 'right', text: (asset) => String(asset.scale) },
      { title: 'KIND', text: (asset) => (asset.iso4217 ? 'ISO 4217' : 'custom') },
      { title: 'NAME', isFlexible: true, text: (asset) => asset.name },
    ],
    assets,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
}
