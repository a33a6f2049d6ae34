// SPDX-License-Identifier: Apache-2.0
//
// Every file the client runtime keeps on disk, named here and nowhere else.
import { createHash } from 'node:crypto'
import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export interface Layout {
  readonly objectCache: string
  /** Objects that came by hand, a folder for each package, and where the next ones are read into. */
  readonly imports: string
  readonly importing: string
  readonly engineCache: string
  manifest(sha256: string): string
  readonly instances: string
  instance(id: string): InstanceLayout
  /** What linked clones lie over. */
  cloneBase(id: string): CloneBaseLayout
  /** What enrolment ended with, and what it needs to be tried again with the same key and question. */
  readonly enrolment: string
  readonly enrolling: string
  /** Private to this user: sealed under `sealingKey`; on a stick in clear, and whoever reads it is this device. */
  readonly deviceKey: string
  /** Of this user, for all their data folders, and outside them (XDG Base Directory Specification: state that is not to be carried along). */
  readonly sealingKey: string
  readonly clock: string
  /** The newest lease as it came, and what the device never goes below. */
  readonly lease: string
  readonly leaseFloors: string
  /** What help desks granted, and every name of it that was ever taken. */
  readonly overrides: string
  /** What administrators granted here, and wrong passwords of theirs. */
  readonly administrator: string
  /** The unanswered question and what was used up since the last contact. */
  readonly contact: string
  /** How often an instance's password was changed and reset; outside its folder, so that nothing put back there lowers it. */
  passwordFloor(instance: string): string
  /** Shares of an instance's key, sealed to administrators; and those that the console has. */
  escrow(instance: string): string
  escrowSent(instance: string): string
  /** TUF metadata and the verified copy, of `daemon/update`. */
  readonly update: { readonly metadata: string; readonly copy: string }
  /** The same of the vendor's repository, from which runtime updates come; an organisation's is never in it. */
  readonly vendorUpdate: { readonly metadata: string; readonly copy: string }
  /** Packages of which an altered object was met. */
  readonly alteredPackages: string
  readonly journal: string
  /** Texts that were fetched, by digest, and which of them were accepted here. */
  eula(sha256: string): string
  readonly acceptances: string
  /** Documents that a desktop's guest printed: for the user, so in the home folder and seen there. */
  printed(desktop: string): string
  /** Private to this user; whoever reads it may speak to the launcher's door. */
  readonly launcherToken: string
  /** Held by the one daemon of this data folder. */
  readonly daemonLock: string
  /** Records of sessions, by which a restarted daemon attaches again. */
  readonly sessions: string
  session(id: string): string
  /** Plan and log of one session host. */
  sessionPlan(id: string): string
  sessionLog(id: string): string
  /** Private folder of the sockets. */
  readonly runtimeFolder: string
  /** Of the commands to a TPM, while the daemon runs. */
  readonly tpm: string
  /** Local door of the daemon, and the one from which session hosts fetch encrypted objects. */
  readonly daemonSocket: string
  readonly objectSocket: string
  /** Sockets of one session: a short path outside `data`, since a unix socket path has at most 107 bytes. */
  runtime(session: string): string
  /** Of the sessions that share an isolated network, by its name in their policies. */
  lan(name: string): string
}

export interface InstanceLayout {
  readonly folder: string
  /** Activation, engine, wrapped key, wrong tries. */
  readonly record: string
  readonly disks: string
  /** Which releases have come up here. */
  readonly history: string
  /** What its medium holds, sealed. */
  readonly customization: string
  /** Folders of the host that its user gives the guest. */
  readonly sharedFolders: string
  /** What its user tells the guest over `guestinfo.*`. */
  readonly guestInfo: string
  /** Held by the one session host that has the instance open. */
  readonly lock: string
  /** Overlay of the system disk: one a release. */
  systemDisk(disk: string, packageSha256: string, engine: 'qemu' | 'v86'): string
  /** Disk of the user's own: outlives releases. */
  userDisk(disk: string, engine: 'qemu' | 'v86'): string
  /** What a UEFI remembers: one a release, since it names that release's disks. */
  uefiVariables(packageSha256: string): string
  /** What the TPM holds: outlives releases. */
  readonly tpm: string
  /** Memory of a suspended VM: one a release. */
  suspended(packageSha256: string): string
  /** Everything that was kept under a name: a folder a snapshot. */
  readonly snapshots: string
  /** Which of them the disks come from, and whether they are about to be brought back. */
  readonly snapshotHead: string
  snapshot(id: string): SnapshotLayout
  /** Of a linked clone: which base its disks lie over, sealed. */
  readonly cloneLink: string
  /** Where the disks of a clone are made. */
  cloning(): InstanceLayout
  cloneBase(id: string): CloneBaseLayout
}

export interface CloneBaseLayout {
  readonly folder: string
  /** Release and disks, sealed. */
  readonly record: string
  /** Named as an instance's are; its lock is held while a clone is linked to it, and while it is deleted. */
  readonly files: InstanceLayout
  /** A file for each instance that was ever linked to it, by name. */
  readonly users: string
}

export interface SnapshotLayout {
  readonly folder: string
  /** Name, parent, time. */
  readonly record: string
  readonly state: string
  readonly thumbnail: string
  /** Copies of the instance's disks, each under its own name. */
  readonly disks: string
}

/** @param folder of one snapshot, or of one that is being made */
export function snapshotLayout(folder: string): SnapshotLayout {
  return {
    folder,
    record: join(folder, 'record.sealed'),
    state: join(folder, 'memory.sealed'),
    thumbnail: join(folder, 'thumbnail.sealed'),
    disks: join(folder, 'disks'),
  }
}

const ENDING = { qemu: 'qcow2', v86: 'xts' } as const

/** @param data the runtime's data folder, absolute */
export function layoutOf(data: string): Layout {
  const place = createHash('sha256').update(data).digest('hex').slice(0, 8)
  const instances = join(data, 'instances')
  const sessions = join(data, 'sessions')
  const runtimeFolder = join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `casemate-${place}`)
  return {
    objectCache: join(data, 'cache', 'objects'),
    imports: join(data, 'imports'),
    importing: join(data, 'importing'),
    engineCache: join(data, 'cache', 'engine'),
    manifest: (sha256) => join(data, 'packages', sha256, 'manifest.json'),
    enrolment: join(data, 'enrolment.json'),
    enrolling: join(data, 'enrolling.json'),
    deviceKey: join(data, 'device-key.json'),
    sealingKey: join(stateHome(), 'casemate', 'sealing-key.json'),
    clock: join(data, 'clock.json'),
    lease: join(data, 'lease.jws'),
    leaseFloors: join(data, 'lease-floors.json'),
    overrides: join(data, 'overrides.json'),
    administrator: join(data, 'administrator.json'),
    contact: join(data, 'contact.json'),
    passwordFloor: (instance) => join(data, 'password-floors', `${instance}.json`),
    escrow: (instance) => join(data, 'escrow', `${instance}.json`),
    escrowSent: (instance) => join(data, 'escrow-sent', `${instance}.json`),
    update: { metadata: join(data, 'update', 'metadata'), copy: join(data, 'update', 'copy') },
    vendorUpdate: { metadata: join(data, 'vendor-update', 'metadata'), copy: join(data, 'vendor-update', 'copy') },
    alteredPackages: join(data, 'altered-packages.json'),
    journal: join(data, 'journal.log'),
    printed: (desktop) => join(homedir(), 'Casemate', 'printed', desktop),
    eula: (sha256) => join(data, 'eula', `${sha256}.txt`),
    acceptances: join(data, 'acceptances.json'),
    launcherToken: join(data, 'launcher-token.json'),
    daemonLock: join(data, 'daemon.lock'),
    sessions,
    session: (id) => join(sessions, `${id}.json`),
    sessionPlan: (id) => join(sessions, `${id}.plan.json`),
    sessionLog: (id) => join(sessions, `${id}.log`),
    runtimeFolder,
    tpm: join(runtimeFolder, 'tpm'),
    daemonSocket: join(runtimeFolder, 'daemon.sock'),
    objectSocket: join(runtimeFolder, 'objects.sock'),
    instances,
    instance: (id) => instanceLayout(data, join(instances, id)),
    cloneBase: (id) => cloneBaseLayout(data, id),
    runtime: (session) => join(runtimeFolder, session),
    lan: (name) => join(runtimeFolder, 'lan', createHash('sha256').update(name).digest('hex').slice(0, 16)),
  }
}

/** @param folder of the instance, of one that is being made, or of a base */
function instanceLayout(data: string, folder: string): InstanceLayout {
  const disks = join(folder, 'disks')
  const snapshots = join(folder, 'snapshots')
  return {
    folder,
    record: join(folder, 'instance.json'),
    disks,
    history: join(folder, 'releases.json'),
    customization: join(folder, 'customization.sealed'),
    sharedFolders: join(folder, 'shared-folders.json'),
    guestInfo: join(folder, 'guest-info.json'),
    lock: join(folder, 'lock'),
    systemDisk: (disk, sha256, engine) => join(disks, `system-${disk}-${sha256}.${ENDING[engine]}`),
    userDisk: (disk, engine) => join(disks, `user-${disk}.${ENDING[engine]}`),
    uefiVariables: (sha256) => join(disks, `system-uefi.variables-${sha256}.qcow2`),
    tpm: join(folder, 'tpm'),
    suspended: (sha256) => join(folder, `suspended-${sha256}.state`),
    snapshots,
    snapshotHead: join(snapshots, 'head.sealed'),
    snapshot: (snapshot) => snapshotLayout(join(snapshots, snapshot)),
    cloneLink: join(folder, 'clone-link.sealed'),
    cloning: () => instanceLayout(data, join(folder, '.cloning')),
    cloneBase: (base) => cloneBaseLayout(data, base),
  }
}

function cloneBaseLayout(data: string, id: string): CloneBaseLayout {
  const folder = join(data, 'clone-bases', id)
  return {
    folder,
    record: join(folder, 'base.sealed'),
    files: instanceLayout(data, folder),
    users: join(folder, 'users'),
  }
}

/** The specification: a path that is not absolute is ignored. */
function stateHome(): string {
  const given = process.env.XDG_STATE_HOME
  return given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local', 'state')
}
