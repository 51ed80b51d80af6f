import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type { Mode as ModeName } from '../../kernel/payments/model.ts';

export const MODES: Readonly<Record<ModeName, Mode>> = { test: Mode.TEST, live: Mode.LIVE };
