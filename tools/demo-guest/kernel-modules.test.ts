// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { dependenciesOf } from './kernel-modules.ts'

const module = (info: string) => Buffer.from(`\x7fELF...\0license=GPL\0${info}\0retpoline=Y\0`, 'latin1')

describe('dependenciesOf', () => {
  it('lists what the module says it needs, in its order', () => {
    expect(dependenciesOf(module('depends=jbd2,mbcache,crc16'))).toEqual(['jbd2', 'mbcache', 'crc16'])
  })

  it('is empty for a module that needs nothing', () => {
    expect(dependenciesOf(module('depends='))).toEqual([])
  })

  it('is not misled by a field whose name only ends in depends', () => {
    expect(dependenciesOf(module('softdepends=crc32c'))).toEqual([])
  })
})
