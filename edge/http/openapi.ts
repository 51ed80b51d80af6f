import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { VERSION } from './versions.ts';

/** What of the API's document does not stand with its routes. */
export const OPENAPI: NonNullable<FastifyDynamicSwaggerOptions['openapi']> = {
  openapi: '3.1.0',
  info: {
    title: 'Florin API',
    version: VERSION,
    description:
      'Payments for merchants. Amounts are whole minor units. Every POST takes an Idempotency-Key, and those that move money need one: sent again, they are answered with the same bytes. What nobody knows yet is 202 and "processing", never a guess.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
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
