// SPDX-License-Identifier: Apache-2.0
//
// The device door's TLS key at rest: PKCS#8, encrypted under a text that only the online key gives, so that it opens with it and is
// never in clear on disk.
import { createPrivateKey, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto'

/** @param onlineSeed 32 bytes, secret. @returns PEM. */
export function newTlsKey(onlineSeed: Uint8Array): { readonly key: KeyObject; readonly pem: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: wrappingText(onlineSeed) })
  return { key: privateKey, pem: pem.toString() }
}

export function openTlsKey(pem: string, onlineSeed: Uint8Array): KeyObject {
  return createPrivateKey({ key: pem, passphrase: wrappingText(onlineSeed) })
}

const wrappingText = (seed: Uint8Array): string => Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(0), 'casemate-tls-key-v1', 32)).toString('hex')
