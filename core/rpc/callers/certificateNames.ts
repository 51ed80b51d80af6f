import type { PeerCertificate } from 'node:tls';

/** "DNS:a, URI:b, IP Address:c": a value that holds anything else than plain characters is quoted, and passed over. */
const ALTERNATIVE = /(DNS|URI):([^",\s]+)(?:, |$)|[^,"]*(?:"(?:[^"\\]|\\.)*"[^,]*)?(?:, |$)/gy;
const KINDS = { DNS: 'dns', URI: 'uri' } as const;

/**
 * The names that a checked certificate bears: "dns:..." and "uri:..." of its alternative names, and "cn:..." of its
 * subject where it has one of them.
 */
export function namesOf(certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): string[] {
  const { subject, subjectaltname = '' } = certificate;
  const names: string[] = [];
  for (const [, kind, value] of subjectaltname.matchAll(ALTERNATIVE))
    if (kind !== undefined) names.push(`${KINDS[kind as keyof typeof KINDS]}:${value}`);
  const common: unknown = subject?.CN;
  if (typeof common === 'string') names.push(`cn:${common}`);
  return names;
}
