import { connectFlorin, type NewApiKeyInit } from '../../client/index.ts';
import { reaching } from '../core.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { keyId, MERCHANTS, SHOP } from './story.ts';

/** Has a test key of one of the shop's merchants, whose secret has that hash. Done again, it is the same key. */
export async function keepKey({
  target,
  hash,
}: {
  target: string;
  hash: Required<Pick<NewApiKeyInit & object, 'secretSha256' | 'secretSuffix'>>;
}): Promise<void> {
  const client = connectFlorin(reaching(target));
  try {
    const { outcome } = await client.apiKeys.createApiKey(SHOP, {
      ...hash,
      id: keyId(Buffer.from(hash.secretSha256).toString('hex')),
      merchantId: MERCHANTS.chairs.id,
      mode: Mode.TEST,
      kind: ApiKeyKind.SECRET,
      name: 'made at the first start',
    });
    if (outcome.case === 'refused') throw new Error(`the sample's key was refused: ${outcome.value.reason}`);
  } finally {
    client.close();
  }
}
