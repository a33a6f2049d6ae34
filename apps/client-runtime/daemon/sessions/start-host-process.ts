// SPDX-License-Identifier: Apache-2.0
import { layoutOf } from '../../layout.ts'
import type { StartHost } from './sessions.ts'
import { startSessionHost } from './start-session-host.ts'

/** Session hosts as processes of their own, which fetch what they lack from this daemon's object socket. */
export function startHostProcess(data: string): StartHost {
  const origin = `unix:${layoutOf(data).objectSocket}`
  return (plan, { packageKey, instanceKey, secrets: customization }, names) => {
    const secrets = {
      customization,
      packageKey: Buffer.from(packageKey).toString('base64url'),
      instanceKey: Buffer.from(instanceKey).toString('base64url'),
    }
    return startSessionHost({ data, origin, plan, names, ...secrets, port: 0, detached: true })
  }
}
