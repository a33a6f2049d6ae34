// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { pinOf, selfSignedCertificate } from './certificate.ts'

const now = new Date('2026-11-24T10:00:00Z')

it('is signed by its own key, names the host and is valid for years', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = new X509Certificate(selfSignedCertificate(privateKey, '127.0.0.1', now))
  expect(certificate.verify(publicKey)).toBe(true)
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(certificate.checkIP('127.0.0.2')).toBeUndefined()
  expect(certificate.validFromDate.getTime()).toBeLessThan(now.getTime())
  expect(certificate.validToDate.getUTCFullYear()).toBe(2036)
  expect(pinOf(certificate.publicKey)).toBe(pinOf(privateKey))
})

it('does not verify under another key, and takes a DNS name', () => {
  const [one, other] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ec', { namedCurve: 'P-256' })]
  const certificate = new X509Certificate(selfSignedCertificate(one.privateKey, 'console.example', now))
  expect(certificate.verify(other.publicKey)).toBe(false)
  expect(certificate.checkHost('console.example')).toBe('console.example')
  expect(pinOf(one.publicKey)).not.toBe(pinOf(other.publicKey))
})
