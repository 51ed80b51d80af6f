import { type ServerInterceptor, ServerInterceptingCall, status } from '@grpc/grpc-js';
import { failure } from '../errors/failure.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import { detailsMetadata } from './grpcMethods.ts';

const TOO_LARGE = failure('REQUEST_TOO_LARGE', {
  message: `The request is larger than ${REQUEST_BYTES_MAX} bytes: send it in smaller batches.`,
});

/** Gives the refusals that grpc-js makes by itself, before a handler is asked, the details that ours have. */
export const explain: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    sendStatus: (sent, next) => {
      const isOurs =
        sent.code !== status.RESOURCE_EXHAUSTED ||
        (sent.metadata?.get('grpc-status-details-bin').length ?? 0) > 0;
      if (isOurs) next(sent);
      else next({ ...sent, details: TOO_LARGE.message, metadata: detailsMetadata(TOO_LARGE) });
    },
  });
