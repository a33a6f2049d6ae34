// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { strictestOffline } from './offline-limits.ts'

const limits = (warnMinutes: number | null, suspendMinutes: number | null, maxBoots: number | null = null) => ({
  ...{ warnMinutes, restrictMinutes: suspendMinutes, suspendMinutes, maxRuntimeMinutes: null, maxBoots },
})

it('takes of each limit the strictest of all desktops, in seconds', () => {
  expect(strictestOffline([limits(10, 60), limits(20, 30, 5)])).toEqual({
    warnAt: 600,
    restrictAt: 1800,
    suspendAt: 1800,
    maxRuntimeMinutes: null,
    maxBoots: 5,
  })
})

it('has no limit where no policy has one, or where there is no desktop', () => {
  const none = { warnAt: null, restrictAt: null, suspendAt: null, maxRuntimeMinutes: null, maxBoots: null }
  expect(strictestOffline([limits(null, null)])).toEqual(none)
  expect(strictestOffline([])).toEqual(none)
})
