import { AssetService } from '../../../gen/florin/ledger/v1/assets_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page } from '../paging/page.ts';
import type { AssetRow } from '../reads.ts';
import { position } from '../translate/answers.ts';
import { isAssetCode } from '../translate/names.ts';
import { queriedText } from '../translate/queries.ts';
import { done, readable } from './control.ts';
import type { Grounds } from './grounds.ts';

const NAME_CHARACTERS_MAX = 100;
const SCALE_MAX = 9;

export function assetService({ ledger, reads }: Grounds): ServedService {
  return serviceOf(AssetService, {
    createAsset: async ({ code, scale, name }, call) => {
      const command = { op: 'createAsset', ...checkedAsset({ code, scale, name }) } as const;
      const answer = done(await ledger.control(command, { deadlineUs: call.deadlineUs }));
      await readable(reads, answer, call);
      const asset = answer.asset ?? command;
      return {
        asset: { code: asset.code, scale: asset.scale, name: asset.name, iso4217: false },
        position: position(answer.position),
        replayed: answer.replayed,
      };
    },
    getAsset: async ({ code }) => {
      const asset = await reads.asset(checkedCode(code));
      if (asset === null) throw new CallRefused('NOT_FOUND', { field: 'code' });
      return { asset: message(asset) };
    },
    listAssets: async (request) => {
      const { customOnly } = request;
      const page = new Page(request, ['ListAssets', customOnly], ['text']);
      const after = page.cursor === null ? null : String(page.cursor[0]);
      const cut = page.cut(await reads.assets({ customOnly, after, limit: page.limit }), ({ code }) => [
        code,
      ]);
      return { assets: cut.rows.map(message), nextPageToken: cut.token };
    },
  });
}

function checkedAsset({ code, scale, name }: { code: string; scale: number; name: string }) {
  checkedCode(code);
  if (scale < 0 || scale > SCALE_MAX)
    throw new BadField('scale', 'INVALID_VALUE', `scale: from 0 to ${SCALE_MAX}.`);
  if (queriedText(name, 'name', NAME_CHARACTERS_MAX) === null) throw new BadField('name', 'MISSING_FIELD');
  return { code, scale, name };
}

function checkedCode(code: string): string {
  if (code === '') throw new BadField('code', 'MISSING_FIELD');
  if (!isAssetCode(code))
    throw new BadField('code', 'INVALID_VALUE', 'code: not in the form of an asset code.');
  return code;
}

function message({ code, scale, name, iso }: AssetRow) {
  return { code, scale, name, iso4217: iso };
}
