// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { placesIn } from './places.ts'

const unified = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
const hybrid = [
  '31 24 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
  '32 31 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  '33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
  '34 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset',
].join('\n')

describe('our own cgroup', () => {
  it('is found in the one hierarchy of version 2', () => {
    expect(placesIn('0::/user.slice/a.scope\n', unified)).toEqual([{ version: 2, folder: '/sys/fs/cgroup/user.slice/a.scope' }])
  })

  it('is found in both, version 2 first, and never in a hierarchy of other controllers', () => {
    expect(placesIn('3:cpuset:/sets\n1:cpu,cpuacct:/one\n0::/two\n', hybrid)).toEqual([
      { version: 2, folder: '/sys/fs/cgroup/unified/two' },
      { version: 1, folder: '/sys/fs/cgroup/cpu,cpuacct/one' },
    ])
    expect(placesIn('3:cpuset:/sets\n', hybrid)).toEqual([])
  })

  it('is found where only a part of the hierarchy is mounted, and not where ours is in another part', () => {
    const part = '30 24 0:26 /box /sys/fs/my\\040cgroups rw - cgroup2 cgroup2 rw'
    expect(placesIn('0::/box/vm\n', part)).toEqual([{ version: 2, folder: '/sys/fs/my cgroups/vm' }])
    expect(placesIn('0::/box\n', part)).toEqual([{ version: 2, folder: '/sys/fs/my cgroups' }])
    expect(placesIn('0::/boxes/vm\n', part)).toEqual([])
    expect(placesIn('0::/../vm\n', unified)).toEqual([])
  })

  it('is nowhere where nothing is mounted', () => {
    expect(placesIn('0::/a\n', '')).toEqual([])
    expect(placesIn('', unified)).toEqual([])
  })
})
