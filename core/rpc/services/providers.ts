import { ProviderService } from '../../../gen/florin/payments/v1/providers_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { provider } from '../translate/providers.ts';
import { PROVIDER_NAME } from '../translate/routing.ts';
import type { Grounds } from './grounds.ts';

export function providerService({ providers }: Grounds): ServedService {
  return serviceOf(ProviderService, {
    listProviders: () => Promise.resolve({ providers: providers.accounts().map(provider) }),
    getProvider: ({ name }) => {
      if (name === '') throw new BadField('name', 'MISSING_FIELD');
      if (!PROVIDER_NAME.test(name)) throw new BadField('name', 'INVALID_VALUE');
      const found = providers.accounts().find((one) => one.name === name);
      if (found === undefined) throw new CallRefused('NOT_FOUND', { field: 'name' });
      return Promise.resolve({ provider: provider(found) });
    },
  });
}
