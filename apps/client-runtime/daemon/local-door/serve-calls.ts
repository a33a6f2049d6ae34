// SPDX-License-Identifier: Apache-2.0
//
// The daemon's calls on a hono application, the same for every door: POST with strict JSON. It asks the daemon and says what came of it: 200,
// 409 for a refusal with its reasons, 400 for a call without its form, 500 for what should not happen.
import { EngineError } from '@casemate/engine/error'
import { PolicyError } from '@casemate/policy/error'
import { PackageError } from '@casemate/vm-package/error'
import type { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { type DaemonRequest, type DaemonResponse, type DaemonRoute, daemonRoutes } from '../../local-api.ts'
import { CodedError } from '../../session-host/coded-error.ts'
import { InstanceBusy } from '../../session-host/instance-lock.ts'
import { ConsoleRefusal } from '../console/console-client.ts'
import { codeOf, messageOf, RuntimeError } from '../error.ts'
import { UpdateError } from '../update/error.ts'

export type DaemonCalls = { readonly [R in DaemonRoute]: (request: DaemonRequest<R>) => Promise<DaemonResponse<R>> }

/** Sixteen shares of an instance's key are the largest. */
const mostBytes = 262_144

export function serveCalls(app: Hono, calls: DaemonCalls): void {
  app.use(bodyLimit({ maxSize: mostBytes }))
  const serve = <T>({ path, request }: { readonly path: string; readonly request: z.ZodType<T> }, call: (body: T) => Promise<object>) =>
    app.post(path, async (context) => {
      const body = request.safeParse(await context.req.json().catch(() => null))
      if (!body.success) return context.json({ error: { code: 'body-invalid', message: z.prettifyError(body.error), reasons: [] } }, 400)
      try {
        return context.json(await call(body.data))
      } catch (error) {
        const reasons = error instanceof RuntimeError ? error.reasons : []
        return context.json({ error: { code: codeOf(error), message: messageOf(error), reasons } }, isNamed(error) ? 409 : 500)
      }
    })
  serve(daemonRoutes.introduce, calls.introduce)
  serve(daemonRoutes.enrol, calls.enrol)
  serve(daemonRoutes.status, calls.status)
  serve(daemonRoutes.list, calls.list)
  serve(daemonRoutes.why, calls.why)
  serve(daemonRoutes.eula, calls.eula)
  serve(daemonRoutes.acceptEula, calls.acceptEula)
  serve(daemonRoutes.activate, calls.activate)
  serve(daemonRoutes.setPassword, calls.setPassword)
  serve(daemonRoutes.takeOverride, calls.takeOverride)
  serve(daemonRoutes.askRescue, calls.askRescue)
  serve(daemonRoutes.rescue, calls.rescue)
  serve(daemonRoutes.resetPassword, calls.resetPassword)
  serve(daemonRoutes.enterAdministratorMode, calls.enterAdministratorMode)
  serve(daemonRoutes.leaveAdministratorMode, calls.leaveAdministratorMode)
  serve(daemonRoutes.importInstance, calls.importInstance)
  serve(daemonRoutes.completeMove, calls.completeMove)
  serve(daemonRoutes.start, calls.start)
  serve(daemonRoutes.stop, calls.stop)
  serve(daemonRoutes.ask, calls.ask)
  serve(daemonRoutes.changeMedium, calls.changeMedium)
  serve(daemonRoutes.usb, calls.usb)
  serve(daemonRoutes.changeUsb, calls.changeUsb)
  serve(daemonRoutes.folders, calls.folders)
  serve(daemonRoutes.shareFolder, calls.shareFolder)
  serve(daemonRoutes.unshareFolder, calls.unshareFolder)
  serve(daemonRoutes.guestInfo, calls.guestInfo)
  serve(daemonRoutes.setGuestInfo, calls.setGuestInfo)
  serve(daemonRoutes.snapshots, calls.snapshots)
  serve(daemonRoutes.snapshotPictures, calls.snapshotPictures)
  serve(daemonRoutes.takeSnapshot, calls.takeSnapshot)
  serve(daemonRoutes.renameSnapshot, calls.renameSnapshot)
  serve(daemonRoutes.deleteSnapshot, calls.deleteSnapshot)
  serve(daemonRoutes.revertSnapshot, calls.revertSnapshot)
  serve(daemonRoutes.discardSaved, calls.discardSaved)
  serve(daemonRoutes.stats, calls.stats)
  serve(daemonRoutes.picture, calls.picture)
  serve(daemonRoutes.network, calls.network)
  serve(daemonRoutes.watch, calls.watch)
  serve(daemonRoutes.launcher, calls.launcher)
  serve(daemonRoutes.import, calls.import)
  serve(daemonRoutes.checkUpdate, calls.checkUpdate)
  serve(daemonRoutes.downloadUpdate, calls.downloadUpdate)
  serve(daemonRoutes.doctor, calls.doctor)
}

const named = [...[RuntimeError, PolicyError, ConsoleRefusal, UpdateError, EngineError, PackageError], ...[CodedError, InstanceBusy]]

function isNamed(error: unknown): boolean {
  return named.some((kind) => error instanceof kind)
}
