import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { VERSION } from '../http/versions.ts';
import { addExamples, type Document } from './examples.ts';

/** What of the API's document does not stand with its routes. */
const OPENAPI: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'Florin API',
    version: VERSION,
    description:
      'Payments for merchants. Amounts are whole minor units. Every POST takes an Idempotency-Key, and those that move money need one: sent again, they are answered with the same bytes. What nobody knows yet is 202 and "processing", never a guess.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/', description: 'The edge that this comes from.' }],
  tags: [
    { name: 'Payment intents', description: 'What is to be paid, from its creation to its capture.' },
    { name: 'Payment links', description: 'Pages of the edge on which somebody pays an amount.' },
    { name: 'Refunds', description: 'What is given back of a payment.' },
    { name: 'Payment methods', description: 'What is paid with: tokens of cards and accounts.' },
    { name: 'Customers', description: 'Who pays.' },
    { name: 'Balance', description: 'What the merchant has, and each movement of it.' },
    { name: 'Events', description: 'What happened, as webhooks tell it.' },
    { name: 'Webhook endpoints', description: 'Where the merchant is told of events.' },
    { name: 'Request logs', description: 'What was asked, and how it was answered.' },
    { name: 'API keys', description: 'Who may ask, and what.' },
    { name: 'Account', description: 'The merchant itself.' },
  ],
  components: {
    securitySchemes: {
      publishableKey: {
        type: 'http',
        scheme: 'bearer',
        description: 'For browsers, with the client_secret of one payment intent: pk_test_... or pk_live_...',
      },
      apiKey: { type: 'http', scheme: 'bearer', description: 'A secret key: sk_test_... or sk_live_...' },
    },
  },
};

/** How the document is made of the routes. */
export const DOCUMENT: FastifyDynamicSwaggerOptions = {
  openapi: OPENAPI,
  transformObject: (made) => {
    if (!('openapiObject' in made)) throw new Error('the document is no OpenAPI');
    addExamples(made.openapiObject as unknown as Document);
    return made.openapiObject;
  },
};
