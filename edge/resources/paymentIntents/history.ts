import { Type } from 'typebox';
import {
  type NextStep,
  NextStepKind,
  TimelineCause,
  type TimelineEvent,
  TimelineEventKind,
} from '../../../gen/florin/payments/v1/timelines_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { listBodyOf, listOf } from '../../http/lists.ts';
import { namesOf } from '../../ids/names.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { ownPaymentIntent } from './reads.ts';
import { statusOf } from './render.ts';
import { seconds } from '../values.ts';
import { STATUSES } from './schemas.ts';

/** A payment has some ten events; what has more is read in gRPC. */
const EVENTS_MAX = 1_000;
const LATEST = { latest: true };

const KINDS = namesOf(TimelineEventKind);
const CAUSES = namesOf(TimelineCause);
const STEPS = namesOf(NextStepKind);

const Text = Type.String({ description: 'A sentence for a person. Do not parse it.' });

const TimelineEventBody = Type.Object(
  {
    object: Type.Literal('timeline_event'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    type: Type.Enum(Object.values(KINDS), { type: 'string' }),
    cause: Type.Enum(Object.values(CAUSES), { type: 'string', description: 'Who moved the payment.' }),
    status: Type.Enum([...STATUSES], { type: 'string', description: 'How it stood after that.' }),
    version: Type.Integer({ description: 'Its version after that.' }),
    text: Text,
  },
  { title: 'TimelineEvent' },
);

const ExplanationBody = Type.Object(
  {
    object: Type.Literal('explanation'),
    status: Type.Enum([...STATUSES], { type: 'string' }),
    text: Text,
    next: Type.Array(
      Type.Object({
        type: Type.Enum(Object.values(STEPS), { type: 'string', description: 'By whom, or what it is.' }),
        at: Type.Unsafe<number | null>({
          type: ['integer', 'null'],
          description: 'Unix time, seconds; null where nothing but a decision brings it about.',
        }),
        text: Text,
      }),
      { description: 'What happens next, the earliest first.' },
    ),
  },
  { title: 'Explanation' },
);

/** What happened to a payment, and what comes next. */
export function paymentHistoryRoutes(api: Api, core: Pick<Core, 'paymentIntents' | 'timelines'>): void {
  /** What the core is asked with; somebody else's payment is none. */
  const asked = async (caller: Caller, id: string) => {
    const { id: paymentIntentId } = await ownPaymentIntent(core, caller, named(PREFIX.paymentIntent, id));
    return { book: caller.book, paymentIntentId, freshness: LATEST };
  };
  api.get('/v1/payment_intents/:id/timeline', {
    tag: 'Payment intents',
    summary: 'List what happened to a payment intent',
    scope: 'payment_intents:read',
    answer: listBodyOf(TimelineEventBody),
    read: async (caller, { id }) => {
      const request = { ...(await asked(caller, id)), pageSize: EVENTS_MAX };
      const { events, nextPageToken } = await core.timelines.getTimeline(request);
      const hasMore = nextPageToken !== '';
      return listOf(events.map(renderEvent), { url: `/v1/payment_intents/${id}/timeline`, hasMore });
    },
  });
  api.get('/v1/payment_intents/:id/explain', {
    tag: 'Payment intents',
    summary: 'Explain a payment intent',
    scope: 'payment_intents:read',
    answer: ExplanationBody,
    read: async (caller, { id }) => {
      const { state, whyState, next } = await core.timelines.explain(await asked(caller, id));
      return { object: 'explanation', status: statusOf(state), text: whyState, next: next.map(renderStep) };
    },
  });
}

function renderEvent({ bookedAt, kind, cause, state, version, text }: TimelineEvent) {
  return {
    object: 'timeline_event',
    created: seconds(bookedAt),
    type: KINDS[kind],
    cause: CAUSES[cause],
    status: statusOf(state),
    version: Number(version),
    text,
  };
}

function renderStep({ kind, at, text }: NextStep) {
  return { type: STEPS[kind], at: at === undefined ? null : seconds(at), text };
}
