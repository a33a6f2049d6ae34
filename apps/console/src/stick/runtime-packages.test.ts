// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { runtimePackages } from './runtime-packages.ts'

const lock = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } })

describe('what a workspace needs to run', () => {
  it('is itself, its dependencies and theirs, each where Node looks for it, and nothing for development', () => {
    const text = lock({
      'apps/one': { dependencies: { '@us/two': '1', left: '2' }, devDependencies: { tester: '1' } },
      'packages/two': { dependencies: { left: '1' }, optionalDependencies: { absent: '1', right: '1' } },
      'node_modules/@us/two': { link: true, resolved: 'packages/two' },
      'node_modules/left': { dependencies: { right: '1' } },
      'node_modules/right': {},
      'node_modules/left/node_modules/right': { dependencies: { left: '1' } },
      'apps/one/node_modules/left': {},
      'node_modules/tester': {},
    })
    expect(runtimePackages(text, 'apps/one')).toEqual({
      workspaces: ['apps/one', 'packages/two'],
      modules: ['apps/one/node_modules/left', 'node_modules/left', 'node_modules/left/node_modules/right', 'node_modules/right'],
    })
  })

  it('is refused where the lock file is not whole', () => {
    expect(() => runtimePackages(lock({ 'apps/one': { dependencies: { left: '1' } } }), 'apps/one')).toThrow('`left`, which `apps/one` needs')
  })
})
