// SPDX-License-Identifier: Apache-2.0
//
// PO-2: ways to authenticate besides a password, and what is left where policies ask for unlike ones.
import type { Request } from '../../src/decision/facts.ts'
import type { SettingCapability } from '../../src/model/setting.ts'
import type { RuleValue, Scenario } from '../scenario.ts'

type Mode = RuleValue<'authentication'>

interface Shown {
  readonly authentication?: Request['instance']['authentication']
  readonly authenticatedBy?: Request['instance']['authenticatedBy']
  readonly kind?: Request['kind']
  readonly offers?: readonly SettingCapability[]
}

const both: readonly SettingCapability[] = ['authentication:script', 'authentication:directory']

const mode = (
  name: string,
  about: string,
  values: readonly Mode[],
  { offers = both, kind = 'power-on', authentication = 'passed', authenticatedBy = 'password' }: Shown,
  expect: Scenario['expect'],
): Scenario => ({
  ...{ name: `authentication-${name}`, about, rows: ['PO-2'], expect },
  layers: values.map((value) => ({ layer: 'organisation', rules: [{ setting: 'authentication', value }] })),
  change: ({ facts, request }) => {
    request.kind = kind
    Object.assign(request.instance, { authentication, authenticatedBy })
    facts.engines = facts.engines.map((engine) => ({ ...engine, capabilities: [...engine.capabilities, ...offers] }))
  },
})

/** Of the host's two engines only the second can ask. */
const onSecond = (name: string, about: string, authentication: Request['instance']['authentication'], expect: Scenario['expect']): Scenario => ({
  ...{ name: `authentication-${name}`, about, rows: ['PO-2'], expect },
  layers: [{ layer: 'organisation', rules: [{ setting: 'authentication', value: badge }] }],
  change: ({ facts, request }) => {
    Object.assign(request.instance, { authentication, authenticatedBy: 'script' })
    facts.engines = facts.engines.map((engine, index) => (index === 0 ? engine : { ...engine, capabilities: [...engine.capabilities, ...both] }))
  },
})

const runs = { plan: { session: 'session-1' } }
const badge: Mode = { mode: 'script', script: 'badge' }
const directory: Mode = { mode: 'directory' }
const password: Mode = { mode: 'password', minLength: 8, minClasses: 1, tries: 5, lockMinutes: 5 }
const byScript = { authenticatedBy: 'script' as const }
const byDirectory = { authenticatedBy: 'directory' as const }

export const authenticationModeScenarios: readonly Scenario[] = [
  mode('script-passed', 'The script of the package let the user', [badge], byScript, runs),
  mode('script-missing', 'It has not run', [badge], { ...byScript, authentication: 'missing' }, 'authentication-missing'),
  mode('script-by-password', 'A password, which is right, where a script decides', [badge], {}, 'authentication-missing'),
  mode('script-unable', 'No engine of the host can ask the script', [badge], { offers: [] }, 'capability-missing'),
  mode('script-running', 'A VM that runs is past its authentication', [badge], { kind: 'continue', authentication: 'missing' }, runs),
  onSecond('script-second-engine', 'One engine of two can ask the script, which let the user', 'passed', { plan: { engine: 'v86' } }),
  onSecond('script-second-engine-missing', 'One engine of two can ask the script, which has not run', 'missing', 'authentication-missing'),
  mode('directory-passed', 'The user has signed in', [directory], byDirectory, runs),
  mode('directory-missing', 'They have not', [directory], { ...byDirectory, authentication: 'missing' }, 'authentication-missing'),
  mode('directory-by-script', 'A script let them, where they must sign in', [directory], byScript, 'authentication-missing'),
  mode('directory-unable', 'No engine of the host can ask the directory', [directory], { ...byDirectory, offers: [] }, 'capability-missing'),
  mode('password-by-directory', 'A sign-in where the password is asked for', [password], byDirectory, 'authentication-missing'),
  mode('alike', 'Two policies ask for the same script', [badge, badge], byScript, runs),
  mode('and-none', 'One asks for the script, one for nothing', [badge, { mode: 'none' }], byScript, runs),
  mode('unlike', 'One asks for the script, one for a password: nothing is both', [badge, password], byScript, 'authentication-impossible'),
  mode('unlike-scripts', 'Two ask for two scripts', [badge, { mode: 'script', script: 'vpn' }], byScript, 'authentication-impossible'),
  mode('unlike-running', 'A VM that runs goes on, and does not start again', [password, { mode: 'nobody' }], { kind: 'continue' }, runs),
]
