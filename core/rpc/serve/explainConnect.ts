import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { type Failure, failure } from '../errors/failure.ts';
import { TOO_LARGE } from './explain.ts';

/**
 * Gives the refusals that the library makes by itself, before a handler is asked, the details that ours have. It aborts
 * the call with the very error that it then sends, so that is where each of them can be met.
 */
export function explainConnect({ signal }: HandlerContext): void {
  const explain = (): void => {
    const { reason } = signal as { reason: unknown };
    if (!(reason instanceof ConnectError) || reason.details.length > 0) return;
    const told = failureOf(reason);
    if (told === null) return;
    reason.details.push(...told.details);
    // Read-only is said for those who catch it; this one is still on its way to be sent.
    Object.assign(reason, { rawMessage: told.message });
  };
  signal.addEventListener('abort', explain, { once: true });
}

function failureOf({ code, rawMessage }: ConnectError): Failure | null {
  if (code === Code.ResourceExhausted) return TOO_LARGE;
  if (code === Code.InvalidArgument) return failure('MALFORMED_REQUEST', { message: rawMessage });
  return null;
}
