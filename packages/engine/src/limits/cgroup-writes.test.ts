// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { quotaWrites, setUpWrites } from './cgroup-writes.ts'

describe('what is written for a quota', () => {
  it('is one line in version 2, in microseconds of every tenth of a second', () => {
    expect(quotaWrites(2, '/own/vm', 20)).toEqual([{ file: '/own/vm/cpu.max', text: '20000 100000' }])
    expect(quotaWrites(2, '/own/vm', 250)).toEqual([{ file: '/own/vm/cpu.max', text: '250000 100000' }])
    expect(quotaWrites(2, '/own/vm', null)).toEqual([{ file: '/own/vm/cpu.max', text: 'max 100000' }])
  })

  it('is a period and a quota in version 1', () => {
    const period = { file: '/own/vm/cpu.cfs_period_us', text: '100000' }
    expect(quotaWrites(1, '/own/vm', 1)).toEqual([period, { file: '/own/vm/cpu.cfs_quota_us', text: '1000' }])
    expect(quotaWrites(1, '/own/vm', null)).toEqual([period, { file: '/own/vm/cpu.cfs_quota_us', text: '-1' }])
  })

  it('comes in version 2 after the controller and the threaded type, and needs nothing before it in version 1', () => {
    expect(setUpWrites({ version: 2, folder: '/own' }, '/own/vm')).toEqual([
      { file: '/own/cgroup.subtree_control', text: '+cpu' },
      { file: '/own/vm/cgroup.type', text: 'threaded' },
    ])
    expect(setUpWrites({ version: 1, folder: '/own' }, '/own/vm')).toEqual([])
  })
})
