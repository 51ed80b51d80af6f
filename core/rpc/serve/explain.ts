import { type ServerInterceptor, status } from '@grpc/grpc-js';
import { failure } from '../errors/failure.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import { detailsMetadata } from './grpcMethods.ts';

/** What both libraries find out before we do. */
export const TOO_LARGE = failure('REQUEST_TOO_LARGE', {
  message: `The request is larger than ${REQUEST_BYTES_MAX} bytes: send it in smaller batches.`,
});

/**
 * Gives the refusals that grpc-js makes by itself, before a handler is asked, the details that ours have. The library
 * sends those from the innermost call, past every interceptor, so it is that call's own method that is replaced.
 */
export const explain: ServerInterceptor = (_method, call) => {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    const isOurs =
      sent.code !== status.RESOURCE_EXHAUSTED ||
      (sent.metadata?.get('grpc-status-details-bin').length ?? 0) > 0;
    send(isOurs ? sent : { ...sent, details: TOO_LARGE.message, metadata: detailsMetadata(TOO_LARGE) });
  };
  return call as ReturnType<ServerInterceptor>;
};
