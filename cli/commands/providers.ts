import type { Command } from 'commander';
import type { Provider, ProviderBreaker } from '../../gen/florin/payments/v1/providers_pb.ts';
import { jsonInteger, type Json } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import { modeName } from './merchantForms.ts';
import { breakerStateName, methodTypeName, operationKindName } from './names.ts';
import { type CoreOptions, type Session, withCore } from './session.ts';
import { coreCommand } from './shape.ts';

interface ProvidersOptions extends CoreOptions {
  readonly json?: true;
}

export function addProviders(program: Command): void {
  const providers = program.command('providers').description('the accounts at payment providers');
  coreCommand(providers, 'list', {
    description: 'list the providers that the core may use, and how they have fared in the last ten minutes',
    example: 'florin providers list',
  }).action((options: ProvidersOptions) => withCore(options, (session) => listProviders(session, options)));
}

async function listProviders({ client, terminal }: Session, options: ProvidersOptions): Promise<void> {
  const { providers } = await client.providers.listProviders({});
  if (options.json === true) return terminal.print(JSON.stringify(providers.map(providerJson)));
  if (providers.length === 0)
    return terminal.remark('The core has no provider: FLORIN_PROVIDERS names them.');
  const lines = tableLines<Provider>(
    [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'ADAPTER', text: ({ adapter }) => adapter },
      {
        title: 'MODE',
        text: ({ capabilities }) => (capabilities === undefined ? '' : modeName(capabilities)),
      },
      {
        title: 'METHODS',
        text: ({ capabilities }) => capabilities?.methods.map(methodTypeName).join(', ') ?? '',
      },
      { title: 'FEE', align: 'right', text: feeText },
      { title: 'UP', text: ({ isUp }) => (isUp ? 'yes' : 'no') },
      { title: 'BREAKERS', isFlexible: true, text: ({ breakers }) => notClosed(breakers) },
      { title: 'CALLS', align: 'right', text: ({ calls }) => String(calls) },
      { title: 'AUTHORISED', align: 'right', text: authorizedText },
      { title: 'P95 MS', align: 'right', text: ({ latencyP95Ms }) => latencyP95Ms.toFixed(0) },
      { title: 'RELIABLE', align: 'right', text: ({ reliability }) => percent(reliability) },
    ],
    providers,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
}

/** What it takes where no line of its table says otherwise; "+" for such lines. */
function feeText({ fees }: Provider): string {
  const { ppm = 0, fixed = 0n, lines = [] } = fees ?? {};
  return `${ppm / 10_000}% + ${fixed}${lines.length === 0 ? '' : ` (+${lines.length})`}`;
}

function notClosed(breakers: readonly ProviderBreaker[]): string {
  const told = breakers
    .filter(({ state }) => breakerStateName(state) !== 'closed')
    .map(({ kind, state }) => `${breakerKindName(kind)} ${breakerStateName(state)}`);
  return told.length === 0 ? 'closed' : told.join(', ');
}

function breakerKindName(kind: number): string {
  return kind === 0 ? 'query' : operationKindName(kind);
}

/** Of all first attempts in the window, without the prior that routing reckons with. */
function authorizedText({ segments }: Provider): string {
  const attempts = segments.reduce((sum, one) => sum + one.attempts, 0n);
  const authorized = segments.reduce((sum, one) => sum + one.authorized, 0n);
  return attempts === 0n ? '' : percent(Number(authorized) / Number(attempts));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** A provider as `--json` shows it. */
export function providerJson(provider: Provider): Json {
  const { capabilities: can, fees } = provider;
  return {
    name: provider.name,
    adapter: provider.adapter,
    capabilities:
      can === undefined
        ? null
        : {
            methods: can.methods.map(methodTypeName),
            currencies: can.currencies,
            minimum: Object.fromEntries(
              Object.entries(can.minimum).map(([code, units]) => [code, jsonInteger(units)]),
            ),
            maximum: jsonInteger(can.maximum),
            partial_capture: can.partialCapture,
            multiple_captures: can.multipleCaptures,
            increment: can.increment,
            partial_refund: can.partialRefund,
            sale: can.sale,
            authorization_seconds: jsonInteger(can.authorizationSeconds),
            key_seconds: jsonInteger(can.keySeconds),
            consistency_ms: jsonInteger(can.consistencyMs),
            mode: modeName(can),
            settlement_report: can.settlementReport,
            events_kept_seconds: jsonInteger(can.eventsKeptSeconds),
          },
    fees:
      fees === undefined
        ? null
        : {
            ppm: fees.ppm,
            fixed: jsonInteger(fees.fixed),
            lines: fees.lines.map(({ brand, countries, ppm, fixed }) => ({
              brand,
              countries,
              ppm,
              fixed: jsonInteger(fixed),
            })),
          },
    is_up: provider.isUp,
    breakers: provider.breakers.map(({ kind, state }) => ({
      kind: breakerKindName(kind),
      state: breakerStateName(state),
    })),
    calls: jsonInteger(provider.calls),
    reliability: provider.reliability,
    latency_p95_ms: provider.latencyP95Ms,
    segments: provider.segments.map(({ method, currency, attempts, authorized, authRate }) => ({
      method: methodTypeName(method),
      currency,
      attempts: jsonInteger(attempts),
      authorized: jsonInteger(authorized),
      auth_rate: authRate,
    })),
  };
}
