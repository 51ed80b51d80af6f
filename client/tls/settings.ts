/** How to know the core, and to be known by it: files in PEM, read when the client is made. */
export interface TlsFiles {
  /** Certificates of the authorities that the core's certificate may come from. */
  readonly caFile: string;
  /** Our certificate with those between it and its authority, and its key; none: the core asks for none. */
  readonly own?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** The name that the core's certificate must bear; default: the host of the target, `localhost` for this machine's own. */
  readonly coreName?: string | undefined;
}

/** A setting that cannot be used. The message is one line that names the variable or the file. */
export class TlsSettingError extends Error {
  override readonly name = 'TlsSettingError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * FLORIN_CORE_CA_FILE, and with it FLORIN_CORE_CERT_FILE with FLORIN_CORE_KEY_FILE, and FLORIN_CORE_NAME. Undefined where
 * none is set: cleartext.
 */
export function tlsFilesOf(env: Environment): TlsFiles | undefined {
  const caFile = env.FLORIN_CORE_CA_FILE;
  const certFile = env.FLORIN_CORE_CERT_FILE;
  const keyFile = env.FLORIN_CORE_KEY_FILE;
  const coreName = env.FLORIN_CORE_NAME || undefined;
  if (Boolean(certFile) !== Boolean(keyFile))
    throw new TlsSettingError(
      'FLORIN_CORE_CERT_FILE and FLORIN_CORE_KEY_FILE belong together: set both or none.',
    );
  if (!caFile) {
    // Whoever says one of the others means to be safe, and must not go in the clear.
    if (certFile || coreName)
      throw new TlsSettingError('FLORIN_CORE_CA_FILE must be set: it says whose certificates are trusted.');
    return undefined;
  }
  return { caFile, own: certFile && keyFile ? { certFile, keyFile } : undefined, coreName };
}
