// SPDX-License-Identifier: Apache-2.0
//
// A self-signed X.509 certificate (RFC 5280) over an ECDSA P-256 key. Devices pin the key and look at nothing else in it; the
// rest is what TLS libraries demand.
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

const days = 86_400_000
const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
const commonName = Buffer.from('0603550403', 'hex')
const subjectAltName = Buffer.from('0603551d11', 'hex')

/** @param host a DNS name or an IPv4 address. @returns PEM. */
export function selfSignedCertificate(privateKey: KeyObject, host: string, now: Date): string {
  const name = sequence(tagged(0x31, sequence(commonName, tagged(0x0c, Buffer.from('Casemate console')))))
  const validity = sequence(generalizedTime(new Date(now.getTime() - days)), generalizedTime(new Date(now.getTime() + 3650 * days)))
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const altName = isIPv4(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host))
  const extensions = tagged(0xa3, sequence(sequence(subjectAltName, tagged(0x04, sequence(altName)))))
  // Version 3; a positive serial number of 16 bytes.
  const head = [tagged(0xa0, Buffer.from('020102', 'hex')), tagged(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)]))]
  const signed = sequence(...head, ecdsaWithSha256, name, validity, name, spki, extensions)
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', signed, privateKey)]))
  const text = sequence(signed, ecdsaWithSha256, signature).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${(text.match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`
}

/** What enrolment codes carry: SHA-256 of the key's SPKI, hexadecimal. */
export function pinOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

/** DER (X.690): tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function generalizedTime(at: Date): Buffer {
  return tagged(0x18, Buffer.from(`${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`))
}
