// SPDX-License-Identifier: Apache-2.0
//
// Stands where the daemon stands, as a process that can be killed: starts one session host as a daemon does, by a plan on standard
// input, says on standard output where its doors are, and lets it hear a heartbeat each second.
import { startSessionHost } from '../../apps/client-runtime/daemon/sessions/start-session-host.ts'

let text = ''
for await (const part of process.stdin) text += String(part)
const { child, viewer, viewerToken, control, exited } = await startSessionHost({ ...JSON.parse(text), detached: true })
process.stdout.write(`${JSON.stringify({ pid: child.pid, page: `${viewer}/#token=${viewerToken}` })}\n`)
const beat = setInterval(() => {
  // One that is about to end does not hear any more; whether it does is for the round to see.
  control.heartbeat(Math.floor(Date.now() / 1000)).catch(() => undefined)
}, 1000)
process.exitCode = (await exited) === 0 ? 0 : 1
clearInterval(beat)
