/** What the environment says to the notifier. */
export interface NotifierConfig {
  /** NATS_URL; undefined: over gRPC. */
  readonly natsUrl: string | undefined;
  /** FLORIN_CORE, host:port of the core's gRPC; default 127.0.0.1:7400. */
  readonly core: string;
  /** SMTP_URL, smtp://user:password@host:587. */
  readonly smtpUrl: string;
  /** NOTIFIER_FROM; default payments@localhost. */
  readonly from: string;
  /** NOTIFIER_FILE: inbox and outbox; default notifier.sqlite. */
  readonly file: string;
}

export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): NotifierConfig {
  if (!env.SMTP_URL) throw new Error('SMTP_URL is not set: say where e-mails go, as smtp://127.0.0.1:1025.');
  return {
    natsUrl: env.NATS_URL || undefined,
    core: env.FLORIN_CORE || '127.0.0.1:7400',
    smtpUrl: env.SMTP_URL,
    from: env.NOTIFIER_FROM || 'payments@localhost',
    file: env.NOTIFIER_FILE || 'notifier.sqlite',
  };
}
