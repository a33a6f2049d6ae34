// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { debianSource } from './debian-packages.ts'

const line = (mirror: string, suite: string) => `'${mirror}/dists/${suite}/InRelease' ${suite}_InRelease 0 \n`

describe('debianSource', () => {
  it('takes the mirror of a whole release, whatever stands before it', () => {
    const uris = [
      line('http://mirror.example/debian-security', 'trixie-security'),
      line('http://mirror.example/debian', 'trixie-updates'),
      line('https://mirror.example/debian', 'trixie'),
    ].join('')
    expect(debianSource(uris)).toEqual({ mirror: 'https://mirror.example/debian', suite: 'bookworm' })
  })

  it('refuses sources without a Debian mirror by name', () => {
    expect(() => debianSource(line('http://mirror.example/ubuntu', 'noble'))).toThrowError(expect.objectContaining({ code: 'download-failed' }))
  })
})
