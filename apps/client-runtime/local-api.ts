// SPDX-License-Identifier: Apache-2.0
//
// Every local call of the client runtime, with its schema. Two doors lead to the daemon, both with `daemonRoutes`: a unix socket of this
// user alone, and the launcher's on loopback, token and origin checked. Two lead to a session host:
//   viewer  - loopback HTTP and WebSocket for the user's browser; token and origin checked; asks and shows, holds no rule
//   control - unix socket in the session's private runtime folder, for the daemon alone; also takes plans and heartbeats
import { deviceChoices } from '@casemate/engine/device-spec'
import { z } from 'zod'
import { savedParts } from './session-host/saved-parts.ts'

/** Locked: nothing of the instance is open. Blocked: failed closed, see session-host/blocked.ts. */
export const sessionState = z.enum(['locked', 'preparing', 'running', 'paused', 'ending', 'suspended', 'blocked'])
export type SessionState = z.infer<typeof sessionState>

/** Why the CPUs stand still; the VM runs only while nobody holds it. */
export const hold = z.enum(['user', 'disk', 'disk-limit', 'daemon', 'deadline'])
export type Hold = z.infer<typeof hold>

/** What a user may ask of a session; the plan decides which of them are offered. */
export const sessionRequest = z.enum(['pause', 'resume', 'reset', 'power-button', 'suspend', 'power-off'])
export type SessionRequest = z.infer<typeof sessionRequest>

export const blockedReason = z.strictObject({
  code: z.string(),
  sentence: z.string(),
  nextStep: z.string(),
  /** What was found, for the help desk; names objects and files, never secrets. */
  detail: z.string(),
})
export type BlockedReason = z.infer<typeof blockedReason>

/** How much of its package is on this device, in bytes; `total` is null until all of the index has come. */
const content = z.strictObject({ held: z.int().min(0), total: z.int().min(0).nullable() }).nullable()

/** `GET /session` */
/** What the guest's agent says of it; null: none answers. Whoever owns the guest can make it say anything. */
const guestView = z.strictObject({ system: z.string(), addresses: z.array(z.string()) })
export type GuestView = z.infer<typeof guestView>

export const driveName = z.enum(deviceChoices.drives)
/** Of those that the policies give: the file that is in it, without its folder. */
const driveView = z.strictObject({ drive: driveName, medium: z.string().nullable() })

/** `PUT /media` (control): the image that goes into a drive; null: the drive is emptied. */
export const mediumChange = z.strictObject({ drive: driveName, path: z.string().min(1).max(4096).startsWith('/').nullable() })
export type MediumChange = z.infer<typeof mediumChange>

/** A place, `1-2.4`, or vendor and product, `0781:5567`. */
const usbDevice = z.string().regex(/^(?:\d{1,3}-\d{1,3}(?:\.\d{1,3}){0,6}|[0-9a-f]{4}:[0-9a-f]{4})$/)
/** `PUT /usb` (control): a device of the host that the guest gets, or gives back. */
export const usbChange = z.strictObject({ device: usbDevice, attached: z.boolean() })
export type UsbChange = z.infer<typeof usbChange>
/** `device` in words: vendor, product, classes. `name` is what it calls itself. */
const usbView = z.strictObject({ at: z.string(), device: z.string(), name: z.string() })
const networkMode = z.enum(['none', 'listed', 'host-only', 'isolated'])
export type NetworkMode = z.infer<typeof networkMode>

export const sessionView = z.strictObject({
  session: z.string(),
  instance: z.string(),
  desktop: z.string(),
  package: z.strictObject({ name: z.string(), version: z.string(), sha256: z.string() }),
  engine: z.enum(['qemu', 'v86']),
  state: sessionState,
  holds: z.array(hold),
  /** Set from when `state` is `blocked`, to the end of the session. */
  reason: blockedReason.nullable(),
  /** Requests that would be taken now. */
  requests: z.array(sessionRequest),
  network: networkMode,
  /** Why the network is that of a quarantine; empty: it is not. */
  quarantine: z.array(z.string()),
  clipboard: z.strictObject({ toGuest: z.boolean(), fromGuest: z.boolean() }),
  /** Null while nothing is open. */
  content,
  guest: guestView.nullable(),
  drives: z.array(driveView),
  usb: z.array(usbView),
})
export type SessionView = z.infer<typeof sessionView>

/** A folder of the host that its user gives the guest; `state`: what of it the guest has now, `code`: why it has nothing of it. */
const folderView = z.strictObject({
  path: z.string(),
  readOnly: z.boolean(),
  /** At the address of the guest's gateway. */
  port: z.int().min(1).max(65_535),
  state: z.enum(['read-write', 'read-only', 'not-shared']),
  code: z.string().nullable(),
})
export type FolderView = z.infer<typeof folderView>
/** `POST /folders` (control): takes up what the user chose. */
export const folderList = z.strictObject({ folders: z.array(folderView) })
export type FolderList = z.infer<typeof folderList>

/** As policies name it, without `guestinfo.`; printable ASCII without a space. */
export const guestInfoName = z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/)
export const guestInfoText = z
  .string()
  .min(1)
  .refine((text) => text.isWellFormed() && new TextEncoder().encode(text).length <= 4096, 'expected at most 4096 bytes of UTF-8')

const guestInfoValue = z.strictObject({
  name: z.string(),
  by: z.enum(['runtime', 'user', 'guest']),
  /** Whether the guest can have it now; what it told itself is. */
  given: z.boolean(),
  bytes: z.int().min(0),
  /** Escaped and cut, for a person. */
  shown: z.string(),
  base64: z.string(),
})
export type GuestInfoValue = z.infer<typeof guestInfoValue>
/** `POST /guest-info` (control): takes up what the user set. `refused`: what the guest asked for in vain. */
export const guestInfoView = z.strictObject({
  values: z.array(guestInfoValue),
  refused: z.array(z.strictObject({ code: z.string(), count: z.int().min(1) })),
})
export type GuestInfoView = z.infer<typeof guestInfoView>

export const snapshotId = z.string().regex(/^[0-9a-f]{16}$/)
/** As the user calls it: one line. */
export const snapshotName = z.string().regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,80}$/u)

/** `GET /snapshots` (control) */
export const snapshotList = z.strictObject({
  /** In the order of taking; `parent`: what its disks came from, null: from no snapshot. */
  snapshots: z.array(
    z.strictObject({
      id: snapshotId,
      parent: snapshotId.nullable(),
      name: snapshotName,
      takenAt: z.int(),
      /** It can be gone back to: taken under the release of now. */
      fits: z.boolean(),
    }),
  ),
  /** Altered, or of another instance: can be deleted, nothing else. */
  unreadable: z.array(snapshotId),
  /** What the disks of now come from. */
  current: snapshotId.nullable(),
  /** What the plan allows. */
  take: z.boolean(),
  revert: z.boolean(),
})
export type SnapshotList = z.infer<typeof snapshotList>

const count = z.int().min(0)
const disksUse = z.array(z.strictObject({ name: z.string(), readBytes: count, readOperations: count, writtenBytes: count, writeOperations: count }))

/** `GET /stats` (control): what the VM of a session has used so far; null: the engine or the machine has no such count. */
export const sessionStats = z.strictObject({
  processorSeconds: z.number().min(0),
  residentBytes: count,
  balloonMiB: z.number().min(0).nullable(),
  disks: disksUse.nullable(),
  network: z.strictObject({ toGuest: count, fromGuest: count, refused: count }).nullable(),
})
export type SessionStats = z.infer<typeof sessionStats>

/** `GET /picture` (control): PNG of the screen as it is now, small; null: it is not shown, or no pictures are to be kept. */
export const sessionPicture = z.strictObject({ png: z.base64().nullable() })
export type SessionPicture = z.infer<typeof sessionPicture>

const sent = z.strictObject({ frames: count, bytes: count })

/** `GET /network` (control): what the card of a VM is on, and what came of it. */
export const networkView = z.strictObject({
  /** In force; `none`: nothing gets through. */
  mode: networkMode,
  /** The isolated network that the card was plugged into at the start; null: none. */
  lan: z.string().nullable(),
  mac: z.string(),
  /** The guest's own on its link, and those of the others on an isolated network. */
  address: z.string(),
  neighbours: z.array(z.string()),
  /** Null: none is needed, or it has not said yet. */
  uplink: z.enum(['up', 'down']).nullable(),
  /** The policies now give another kind of network, which takes a new start. */
  waiting: z.boolean(),
  /** Flows that live, and that were let through so far; an isolated network knows none. */
  flows: count,
  opened: count,
  toGuest: sent,
  fromGuest: sent,
  /** Frames for which a neighbour, or the guest, had no room. */
  lost: count,
  /** Packets so far. */
  refused: z.array(z.strictObject({ reason: z.string(), packets: count })),
  /** At most 50, the newest first. */
  latest: z.array(
    z.strictObject({
      ...{ secondsAgo: count, reason: z.string(), protocol: z.enum(['tcp', 'udp', 'icmp', 'other']) },
      ...{ address: z.string().nullable(), port: z.int().nullable(), domain: z.string().nullable(), count },
    }),
  ),
})
export type NetworkView = z.infer<typeof networkView>

/** `GET /record` (control): how far the boot is that a session records; `quietMs` since it read a chunk for the first time, null: it has not. */
export const bootProgress = z.strictObject({ chunks: z.int().min(0), quietMs: z.int().min(0).nullable() })
export type BootProgress = z.infer<typeof bootProgress>

/** `GET /events?after=SEQ` (control): what happened since, oldest first, for the daemon's journal. */
export const sessionEvent = z.strictObject({
  seq: z.int().min(1),
  type: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})
export type SessionEvent = z.infer<typeof sessionEvent>

/** Whose desktop it is, for its watermark; `user` null: the device has none. */
export const sessionNames = z.strictObject({ device: z.string().min(1).max(256), user: z.string().min(1).max(256).nullable() })
export type SessionNames = z.infer<typeof sessionNames>

/** One line on the session host's standard input; keys are base64url, 32 bytes each. Never on the command line, never in a file. */
export const sessionSecrets = z.strictObject({
  packageKey: z.base64url().length(43),
  instanceKey: z.base64url().length(43),
  /** What the lease brings for the package's customization files, by name. */
  customization: z.record(z.string(), z.string()),
  names: sessionNames,
  /** Bearer of the viewer door. */
  viewerToken: z.base64url().length(43),
})

/** `GET /viewer` (control): for a daemon that has been restarted and attaches again. */
export const viewerAddress = z.strictObject({ viewer: z.url(), viewerToken: z.string() })
export type ViewerAddress = z.infer<typeof viewerAddress>

/** One line on the session host's standard output once both doors are open. */
export const sessionReady = z.strictObject({
  ready: z.literal(true),
  pid: z.int(),
  /** Origin of the viewer door; the page is at `/`, the token goes into its fragment. */
  viewer: z.url(),
  control: z.string(),
})

/** Why something is refused, in the words of every surface; `code` is of the closed list of the policy package. */
export const reasonView = z.strictObject({
  code: z.string(),
  sentence: z.string(),
  nextStep: z.string(),
  whomToAsk: z.enum(['help-desk', 'administrator', 'nobody']),
})

/** Whatever the daemon refuses or cannot do. */
export const daemonError = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), reasons: z.array(reasonView) }),
})

const rescueProblem = z.enum(['expired', 'offline', 'locked'])
const password = z.string().min(1).max(1024).nullable()

/** What the plan lets the user do with snapshots. */
const snapshotsOffer = z.strictObject({ take: z.boolean(), revert: z.boolean() })

export const instanceView = z.strictObject({
  instance: z.string(),
  desktop: z.string(),
  engine: z.enum(['qemu', 'v86']),
  activatedAt: z.int(),
  session: z
    .strictObject({
      session: z.string(),
      state: sessionState,
      /** Whether its host is there. */
      open: z.boolean(),
      holds: z.array(hold),
      planVersion: z.int(),
      serial: z.int(),
      package: z.strictObject({ name: z.string(), version: z.string() }),
      network: networkMode,
      /** Why the network is that of a quarantine; empty: it is not. */
      quarantine: z.array(z.string()),
      clipboard: z.strictObject({ toGuest: z.boolean(), fromGuest: z.boolean() }),
      content,
      guest: guestView.nullable(),
      drives: z.array(driveView),
      usb: z.array(usbView),
      /** What would be taken now; the plan decides. */
      requests: z.array(sessionRequest),
      snapshots: snapshotsOffer,
      /** The page with its token; null where the session is over. */
      viewer: z.string().nullable(),
      /** Why the daemon ended it. */
      reasons: z.array(reasonView),
      blocked: blockedReason.nullable(),
      /** What takes effect at the next start. */
      waiting: z.array(z.string()),
      warned: z.boolean(),
      /** What the organisation tells the user now, in its own words. */
      messages: z.array(z.string()),
    })
    .nullable(),
})
export type InstanceView = z.infer<typeof instanceView>

/** Of a device that is not enrolled, everything but the clock is null or empty. */
export const statusView = z.strictObject({
  version: z.string(),
  clock: z.strictObject({ now: z.int(), behind: z.boolean() }),
  enrolment: z.strictObject({ device: z.string(), organisation: z.string(), title: z.string(), address: z.string() }).nullable(),
  contact: z
    .strictObject({ connected: z.boolean(), at: z.int().nullable(), fault: z.strictObject({ code: z.string(), message: z.string() }).nullable() })
    .nullable(),
  lease: z.strictObject({ seq: z.int(), exp: z.int(), action: z.enum(['run', 'suspend']) }).nullable(),
  leaseFault: z.string().nullable(),
  journal: z.strictObject({ seq: z.int(), unreceipted: z.int(), fault: z.string().nullable() }).nullable(),
  instances: z.array(instanceView),
})
export type StatusView = z.infer<typeof statusView>

export const desktopView = z.strictObject({
  desktop: z.string(),
  title: z.string(),
  serial: z.int(),
  activated: z.boolean(),
  /** What activation asks for (PO-1). */
  activation: z.enum(['none', 'password', 'key']),
  /** To be accepted before activation; null where there is none. */
  eula: z.strictObject({ sha256: z.string(), accepted: z.boolean() }).nullable(),
  /** Rules of the instance's password (PO-2); null where none is asked for. `set`: there is one already. */
  password: z.strictObject({ set: z.boolean(), minLength: z.int(), minClasses: z.int() }).nullable(),
  /** As they would be for a start now, Unix seconds; null where it would not start. */
  deadlines: z.strictObject({ warnAt: z.int().nullable(), restrictAt: z.int().nullable(), suspendAt: z.int().nullable() }).nullable(),
  /** Likewise; neither where it would not start. */
  snapshots: snapshotsOffer,
  /** What the organisation tells the user now, in its own words. */
  messages: z.array(z.string()),
  /** Why it would not start now; empty where it would, a password apart. */
  reasons: z.array(reasonView),
  /** What to read out to the help desk, where a code could mend the first reason (PO-22). */
  rescue: z.string().nullable(),
  /** PO-21; null: the policies allow none here. `until`, Unix seconds: it is on; `settings`: what it loosens, or could. */
  administrator: z.strictObject({ until: z.int().nullable(), settings: z.array(z.string()), maxMinutes: z.int() }).nullable(),
})
export type DesktopView = z.infer<typeof desktopView>

/** Among how many administrators an instance's key is split, and how many of them open it together. */
const escrowView = z.strictObject({ threshold: z.int(), shares: z.int() })
export type EscrowView = z.infer<typeof escrowView>
/** Null: the organisation has no approved escrow keys, and nobody but the user opens the instance. */
const escrow = escrowView.nullable()

const ruleView = z.strictObject({
  layer: z.string(),
  /** Of its policy. */
  path: z.string(),
  /** Index in the policy. */
  rule: z.int(),
  words: z.string(),
  /** Its condition in words; null: always. */
  when: z.string().nullable(),
  locked: z.boolean(),
})

/** One setting in force: its value in words, the rules that give it (none: the default), those that lost, and why. */
const settingView = z.strictObject({
  setting: z.string(),
  words: z.string(),
  from: z.array(ruleView),
  lost: z.array(ruleView.extend({ because: z.string() })),
})
export type SettingView = z.infer<typeof settingView>

export const checkView = z.strictObject({
  check: z.enum(['qemu', 'v86', 'network', 'usb', 'clock', 'device-key', 'console', 'journal']),
  ok: z.boolean(),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
})
export type CheckView = z.infer<typeof checkView>

export const daemonRoutes = {
  /** Whose code it is, asked of the console under the pinned key; nothing is kept and nothing of this device is told. */
  introduce: {
    path: '/introduce',
    request: z.strictObject({ code: z.string().min(1).max(4096) }),
    response: z.strictObject({
      organisation: z.string(),
      title: z.string(),
      contact: z.string(),
      address: z.string(),
      pinned: z.boolean(),
      expires: z.int(),
    }),
  },
  enrol: {
    path: '/enrol',
    /** Where the key of this device is to be kept; without it in software. */
    request: z.strictObject({ code: z.string().min(1).max(4096), key: z.enum(['software', 'tpm', 'auto']).optional() }),
    /** `assurance`: what the console verified of the key; `unverified`: why it could not, of a key in a TPM. */
    response: z.strictObject({
      ...{ device: z.string(), organisation: z.string(), title: z.string(), address: z.string() },
      assurance: z.enum(['software', 'tpm']),
      unverified: z.string().nullable(),
    }),
  },
  status: { path: '/status', request: z.strictObject({}), response: statusView },
  list: { path: '/list', request: z.strictObject({}), response: z.strictObject({ desktops: z.array(desktopView) }) },
  /** Why a desktop has its settings, and why it would not start now; of one setting, or of all. */
  why: {
    path: '/why',
    request: z.strictObject({ desktop: z.string(), setting: z.string().max(64).nullable() }),
    response: z.strictObject({
      ...desktopView.pick({ desktop: true, title: true, serial: true, reasons: true, administrator: true }).shape,
      settings: z.array(settingView),
    }),
  },
  eula: {
    path: '/eula',
    request: z.strictObject({ desktop: z.string() }),
    response: z.strictObject({ sha256: z.string(), text: z.string(), accepted: z.boolean() }),
  },
  /** Journaled with the digest of the text that was read. */
  acceptEula: {
    path: '/accept-eula',
    request: z.strictObject({ desktop: z.string(), sha256: z.string() }),
    response: z.strictObject({ desktop: z.string(), sha256: z.string() }),
  },
  activate: {
    path: '/activate',
    request: z.strictObject({ desktop: z.string(), presented: z.string().min(1).max(256).nullable(), password }),
    response: z.strictObject({ ...instanceView.shape, escrow }),
  },
  setPassword: {
    path: '/set-password',
    request: z.strictObject({ instance: z.string(), current: password, password: z.string().min(1).max(1024) }),
    response: z.strictObject({ instance: z.string(), escrow }),
  },
  /** With what administrators gave back, one text each. */
  resetPassword: {
    path: '/reset-password',
    request: z.strictObject({
      instance: z.string(),
      shares: z.array(z.string().min(1).max(32_768)).min(1).max(16),
      password: z.string().min(1).max(1024),
    }),
    response: z.strictObject({ instance: z.string(), escrow }),
  },
  /** An override (PO-22) that was handed over as a text. */
  takeOverride: {
    path: '/take-override',
    request: z.strictObject({ token: z.string().min(1).max(16_000) }),
    response: z.strictObject({ id: z.string(), desktop: z.string(), kind: z.enum(['extension', 'exception', 'reset', 'move']), expires: z.int() }),
  },
  /** What to read out to the help desk; `rescue` takes the code that it answers. */
  askRescue: {
    path: '/ask-rescue',
    request: z.strictObject({ desktop: z.string() }),
    response: z.strictObject({ desktop: z.string(), problem: rescueProblem, request: z.string() }),
  },
  rescue: {
    path: '/rescue',
    request: z.strictObject({ desktop: z.string(), code: z.string().min(1).max(100) }),
    response: z.strictObject({ desktop: z.string(), problem: rescueProblem }),
  },
  /** PO-21. `minutes` null: as long as the policies allow; `settings` null: all that they let be loosened. */
  enterAdministratorMode: {
    path: '/enter-administrator-mode',
    request: z.strictObject({
      desktop: z.string(),
      password: z.string().min(1).max(1024),
      minutes: z.int().min(1).max(480).nullable(),
      settings: z.array(z.string().max(64)).min(1).max(16).nullable(),
    }),
    response: z.strictObject({ desktop: z.string(), until: z.int(), settings: z.array(z.string()) }),
  },
  leaveAdministratorMode: {
    path: '/leave-administrator-mode',
    request: z.strictObject({ desktop: z.string() }),
    response: z.strictObject({ desktop: z.string() }),
  },
  /** PO-6: an instance's folder from another device; it does not start before its move is complete. `folder` is absolute. */
  importInstance: {
    path: '/import-instance',
    request: z.strictObject({ folder: z.string().min(1).max(4096).startsWith('/') }),
    response: z.strictObject({ instance: z.string(), desktop: z.string() }),
  },
  /** With the help desk's grant, which this device took, and what administrators gave back, one text each. */
  completeMove: {
    path: '/complete-move',
    request: z.strictObject({
      instance: z.string(),
      shares: z.array(z.string().min(1).max(32_768)).min(1).max(16),
      password,
      presented: z.string().min(1).max(256).nullable(),
    }),
    response: z.strictObject({ instance: z.string(), escrow }),
  },
  start: { path: '/start', request: z.strictObject({ instance: z.string(), password }), response: instanceView },
  stop: {
    path: '/stop',
    request: z.strictObject({ instance: z.string(), how: z.enum(['suspend', 'power-off']) }),
    response: instanceView,
  },
  /** What the user may ask of a session; `stop` ends it whatever its plan offers. */
  ask: {
    path: '/ask',
    request: z.strictObject({ instance: z.string(), request: sessionRequest }),
    response: instanceView,
  },
  /** PO-12: the image of a CD or floppy that the guest is given to read, or none. */
  changeMedium: {
    path: '/change-medium',
    request: z.strictObject({ instance: z.string(), ...mediumChange.shape }),
    response: instanceView,
  },
  /** PO-15: the folders that its user gives the guest; remembered, and shared while the policies allow it. */
  folders: { path: '/folders', request: z.strictObject({ instance: z.string() }), response: folderList },
  shareFolder: {
    path: '/share-folder',
    request: z.strictObject({ instance: z.string(), path: z.string().min(1).max(4096).startsWith('/'), readOnly: z.boolean() }),
    response: folderList,
  },
  unshareFolder: {
    path: '/unshare-folder',
    request: z.strictObject({ instance: z.string(), path: z.string().min(1).max(4096).startsWith('/') }),
    response: folderList,
  },
  /** PO-20: what runtime, user and guest tell each other. */
  guestInfo: { path: '/guest-info', request: z.strictObject({ instance: z.string() }), response: guestInfoView },
  /** Null: no longer. */
  setGuestInfo: {
    path: '/set-guest-info',
    request: z.strictObject({ instance: z.string(), name: guestInfoName, value: guestInfoText.nullable() }),
    response: guestInfoView,
  },
  /** PO-13: what is plugged into this computer, and which open instance has it; null: none. */
  usb: {
    path: '/usb',
    request: z.strictObject({}),
    response: z.strictObject({ devices: z.array(usbView.extend({ instance: z.string().nullable() })) }),
  },
  changeUsb: { path: '/change-usb', request: z.strictObject({ instance: z.string(), ...usbChange.shape }), response: instanceView },
  /** Of one that is not open with its password, as for a start; so are pictures, deletion and return. */
  snapshots: { path: '/snapshots', request: z.strictObject({ instance: z.string(), password }), response: snapshotList },
  /** Small PNGs of the screen, of those snapshots that have one. */
  snapshotPictures: {
    path: '/snapshot-pictures',
    request: z.strictObject({ instance: z.string(), password }),
    response: z.strictObject({ pictures: z.array(z.strictObject({ snapshot: snapshotId, png: z.base64() })) }),
  },
  takeSnapshot: { path: '/take-snapshot', request: z.strictObject({ instance: z.string(), name: snapshotName }), response: snapshotList },
  renameSnapshot: {
    path: '/rename-snapshot',
    request: z.strictObject({ instance: z.string(), snapshot: snapshotId, name: snapshotName }),
    response: snapshotList,
  },
  deleteSnapshot: {
    path: '/delete-snapshot',
    request: z.strictObject({ instance: z.string(), snapshot: snapshotId, password }),
    response: snapshotList,
  },
  /** What the desktop is now is given up. One that is not open, or is blocked, comes up from the snapshot at its next start. */
  revertSnapshot: {
    path: '/revert-snapshot',
    request: z.strictObject({ instance: z.string(), snapshot: snapshotId, password }),
    response: instanceView,
  },
  /** Gives up the memory that a desktop would go on from, where it cannot be used: it boots over its disks next. */
  discardSaved: {
    path: '/discard-saved',
    request: z.strictObject({ instance: z.string(), password }),
    response: z.strictObject({ instance: z.string(), discarded: z.array(z.enum(savedParts)) }),
  },
  /** Null where the instance has no VM that answers now. */
  stats: {
    path: '/stats',
    request: z.strictObject({ instance: z.string() }),
    response: z.strictObject({ stats: sessionStats.nullable() }),
  },
  /** Of a desktop that is open; null where its policies have no pictures kept. */
  picture: {
    path: '/picture',
    request: z.strictObject({ instance: z.string() }),
    response: sessionPicture,
  },
  /** What the instance's card is on and what was refused on it; null where it has none now. */
  network: {
    path: '/network',
    request: z.strictObject({ instance: z.string() }),
    response: z.strictObject({ network: networkView.nullable(), quarantine: z.array(z.string()) }),
  },
  /** A release out of a file of `casemate-admin export`; `path` is absolute. */
  import: {
    path: '/import',
    request: z.strictObject({ path: z.string().min(1).max(4096).startsWith('/') }),
    response: z.strictObject({ desktop: z.string(), serial: z.int(), objects: z.int(), metadataTaken: z.boolean() }),
  },
  /** All that the launcher shows, as soon as it may differ from what was seen at `after`, or after `waitSeconds`. */
  watch: {
    path: '/watch',
    request: z.strictObject({ after: z.string().max(64).nullable(), waitSeconds: z.int().min(0).max(25) }),
    response: z.strictObject({ at: z.string(), status: statusView, desktops: z.array(desktopView) }),
  },
  /** Address of the launcher's page, with its token; null where its door is shut. */
  launcher: { path: '/launcher', request: z.strictObject({}), response: z.strictObject({ address: z.string().nullable() }) },
  /** Of the runtime itself, by the vendor's root. `newest`: above `running`, or null; `required`: what releases here ask for at least, or null. */
  checkUpdate: {
    path: '/check-update',
    request: z.strictObject({}),
    response: z.strictObject({ running: z.string(), newest: z.string().nullable(), required: z.string().nullable() }),
  },
  /** Verifies and keeps the newest one; nothing is installed. */
  downloadUpdate: {
    path: '/download-update',
    request: z.strictObject({}),
    response: z.strictObject({ version: z.string(), file: z.string(), sha256: z.string(), length: z.int() }),
  },
  doctor: { path: '/doctor', request: z.strictObject({}), response: z.strictObject({ checks: z.array(checkView) }) },
} as const

export type DaemonRoute = keyof typeof daemonRoutes
export type DaemonRequest<R extends DaemonRoute> = z.infer<(typeof daemonRoutes)[R]['request']>
export type DaemonResponse<R extends DaemonRoute> = z.infer<(typeof daemonRoutes)[R]['response']>
