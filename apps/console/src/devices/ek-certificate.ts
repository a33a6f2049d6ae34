// SPDX-License-Identifier: Apache-2.0
//
// The endorsement certificate of a TPM (TCG EK Credential Profile 2.5): who made the TPM says which key is in it. Authorities are those that
// the organisation configured, and each issues such certificates itself. Revocation is not looked up.
import { type KeyObject, X509Certificate } from 'node:crypto'
import { ConsoleError } from '../error.ts'

/** tcg-kp-EKCertificate. */
const ekCertificate = '2.23.133.8.1'

/**
 * Checks, in this order: 1 a certificate; 2 issued and signed by one of `authorities`; 3 in force, as its authority is; 4 for an endorsement
 * key, and no authority itself; 5 RSA with 2048 bits.
 * @param der as the TPM keeps it: bytes may follow, with which its memory was filled up.
 * @param now Unix seconds.
 * @throws ConsoleError `tpm-certificate-refused`
 */
export function readEkCertificate(der: Uint8Array, authorities: readonly X509Certificate[], now: number): KeyObject {
  const certificate = readCertificate(der)
  const authority = authorities.find((candidate) => isIssuedBy(certificate, candidate))
  if (authority === undefined) throw refused('no authority that this organisation configured issued this TPM certificate')
  if (!isInForce(certificate, now) || !isInForce(authority, now)) throw refused('this TPM certificate, or that of its authority, is not in force')
  if (certificate.ca || !certificate.keyUsage?.includes(ekCertificate)) throw refused('this is no certificate of an endorsement key')
  const { publicKey } = certificate
  const { modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  if (publicKey.asymmetricKeyType !== 'rsa' || modulusLength !== 2048) throw refused('expected an endorsement key of RSA with 2048 bits')
  return publicKey
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(wholeDer(der))
  } catch (cause) {
    throw new ConsoleError('tpm-certificate-refused', 'expected the certificate of an endorsement key, found something else', { cause })
  }
}

/** The first element: 0x30, and a length of two bytes (X.690, 8.1.3.5). */
function wholeDer(bytes: Uint8Array): Uint8Array {
  const [tag, form, high = 0, low = 0] = bytes
  return tag === 0x30 && form === 0x82 ? bytes.subarray(0, 4 + high * 256 + low) : bytes
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now * 1000 && now * 1000 < validToDate.getTime()
}

const refused = (why: string) => new ConsoleError('tpm-certificate-refused', why)
