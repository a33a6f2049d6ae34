// SPDX-License-Identifier: Apache-2.0
import { readEnrolmentCode, writeEnrolmentCode } from '../../../packages/policy/src/enrolment-code.ts'
import { PASSWORD, passwordOption } from '../desktop.ts'
import { DESKTOP } from '../organisation.ts'
import { rules } from '../rules.ts'
import { expectEqual, type World } from '../world.ts'
import { publishPackage } from './sealed.ts'

const ACTIVATION = 'the activation password'

/** The desktop is published, and two computers enrol, each by a code of its own: not under another TLS key, and no code twice. */
export async function enrolled(world: World): Promise<void> {
  const { organisation, device, other } = world
  await organisation.start()
  await publishPackage(world, '1')
  await organisation.publishRelease('1', await organisation.publishPolicy(rules()))
  const option = ['--password-file', await organisation.secretFile('activation', ACTIVATION)]
  await organisation.run('activation', 'password', '--desktop', DESKTOP, ...option)
  await organisation.run('desktop', 'assign', '--desktop', DESKTOP, '--user', 'ada')

  await device.start()
  const code = await organisation.enrolmentCode('ada')
  const foreign = writeEnrolmentCode({ ...readEnrolmentCode(code, Date.now() / 1000), pin: 'a'.repeat(64) })
  expectEqual((await device.refused('enrol', foreign)).code, 'pin-mismatch', 'enrolment at a console with another key')
  world.deviceName = await enrol(device, code)

  await other.start()
  expectEqual((await other.refused('enrol', code)).code, 'enrolment-used', 'enrolment by a code that was used')
  await enrol(other, await organisation.enrolmentCode('ada'))
}

async function enrol(device: World['device'], code: string): Promise<string> {
  const { device: name } = (await device.run('enrol', code)) as { device: string }
  await device.until('in contact', ({ contact, lease }) => contact?.connected === true && lease !== null)
  return name
}

/** The console gives the package key for the right activation password only: without it there is nothing to start. */
export async function wrongActivationRefused(world: World): Promise<void> {
  const option = ['--password-file', await world.organisation.secretFile('wrong', 'not the activation password')]
  expectEqual((await world.device.refused('activate', DESKTOP, ...option)).code, 'activation-refused', 'a wrong activation password')
  expectEqual((await world.device.refused('start', DESKTOP)).code, 'instance-unknown', 'starting what is not activated')
}

export async function activated(world: World): Promise<void> {
  const option = ['--password-file', await world.organisation.secretFile('activation', ACTIVATION)]
  const own = ['--new-password-file', await world.organisation.secretFile('user-password', PASSWORD)]
  await world.device.run('activate', DESKTOP, ...option, ...own)
  // A password of the user's own, and it wraps the instance key: the wrong one opens nothing.
  const wrong = await world.device.refused('start', DESKTOP, ...(await passwordOption(world, 'another password')))
  expectEqual(wrong.reasons[0]?.code, 'authentication-wrong', 'a wrong password of the user')
}
