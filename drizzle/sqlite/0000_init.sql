CREATE TABLE `activation_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`desktop_id` text NOT NULL,
	`kind` text NOT NULL,
	`hash` text NOT NULL,
	`uses` integer DEFAULT 0 NOT NULL,
	`uses_allowed` integer,
	`created_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `activation_secrets_desktop` ON `activation_secrets` (`desktop_id`);--> statement-breakpoint
CREATE TABLE `assignments` (
	`desktop_id` text NOT NULL,
	`subject` text NOT NULL,
	`value` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`desktop_id`, `subject`, `value`),
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `assignments_subject` ON `assignments` (`subject`,`value`);--> statement-breakpoint
CREATE TABLE `audit_entries` (
	`organisation_id` text NOT NULL,
	`seq` integer NOT NULL,
	`line` text NOT NULL,
	`hash` text NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	PRIMARY KEY(`organisation_id`, `seq`),
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `audit_entries_at` ON `audit_entries` (`organisation_id`,`at`);--> statement-breakpoint
CREATE INDEX `audit_entries_subject` ON `audit_entries` (`organisation_id`,`subject`);--> statement-breakpoint
CREATE TABLE `desktops` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`title` text NOT NULL,
	`activations_allowed` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `desktops_name` ON `desktops` (`organisation_id`,`name`);--> statement-breakpoint
CREATE TABLE `devices` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`jkt` text NOT NULL,
	`signing_key` text NOT NULL,
	`agreement_key` text NOT NULL,
	`assurance` text NOT NULL,
	`state` text NOT NULL,
	`state_reason` text,
	`user_name` text,
	`groups` text NOT NULL,
	`tags` text NOT NULL,
	`runtime_version` text,
	`facts` text,
	`sessions` text,
	`change` integer DEFAULT 0 NOT NULL,
	`enrolled_at` integer NOT NULL,
	`last_seen_at` integer,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `devices_jkt` ON `devices` (`jkt`);--> statement-breakpoint
CREATE INDEX `devices_organisation` ON `devices` (`organisation_id`,`name`);--> statement-breakpoint
CREATE TABLE `enrolment_codes` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`secret_hash` text NOT NULL,
	`user_name` text,
	`groups` text NOT NULL,
	`tags` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	`used_at` integer,
	`device_id` text,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`created_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `enrolment_codes_secret` ON `enrolment_codes` (`secret_hash`);--> statement-breakpoint
CREATE INDEX `enrolment_codes_organisation` ON `enrolment_codes` (`organisation_id`);--> statement-breakpoint
CREATE TABLE `instances` (
	`device_id` text NOT NULL,
	`name` text NOT NULL,
	`desktop_id` text NOT NULL,
	`user_name` text,
	`state` text NOT NULL,
	`activated_at` integer NOT NULL,
	`ended_at` integer,
	`applied_serial` integer,
	PRIMARY KEY(`device_id`, `name`),
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `instances_desktop` ON `instances` (`desktop_id`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`kind` text NOT NULL,
	`request` text NOT NULL,
	`state` text NOT NULL,
	`progress` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`locked_by` text,
	`locked_until` integer,
	`failure` text,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `jobs_state` ON `jobs` (`state`,`created_at`);--> statement-breakpoint
CREATE TABLE `journal_heads` (
	`device_id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`head` text NOT NULL,
	`receipt` text NOT NULL,
	`received_at` integer NOT NULL,
	`counts` text NOT NULL,
	`fault` text,
	`fault_message` text,
	`fault_at` integer,
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `leases` (
	`device_id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`nonce` text NOT NULL,
	`follows` integer NOT NULL,
	`action` text NOT NULL,
	`issued_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `machine_disks` (
	`machine_id` text NOT NULL,
	`name` text NOT NULL,
	`position` integer NOT NULL,
	`role` text NOT NULL,
	`state` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`file` text NOT NULL,
	`sha256` text,
	PRIMARY KEY(`machine_id`, `name`),
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `machines` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`hardware` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`created_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `machines_name` ON `machines` (`organisation_id`,`name`);--> statement-breakpoint
CREATE TABLE `organisations` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`contact` text NOT NULL,
	`custody` text NOT NULL,
	`address` text,
	`device_port` integer,
	`lease_seconds` integer DEFAULT 604800 NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `packages` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`machine_id` text,
	`name` text NOT NULL,
	`version` text NOT NULL,
	`sha256` text NOT NULL,
	`manifest` blob NOT NULL,
	`sealed_key` blob NOT NULL,
	`stored_bytes` integer,
	`author_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`published_at` integer,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`machine_id`) REFERENCES `machines`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`author_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `packages_version` ON `packages` (`organisation_id`,`name`,`version`);--> statement-breakpoint
CREATE INDEX `packages_sha256` ON `packages` (`sha256`);--> statement-breakpoint
CREATE TABLE `policies` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`draft` text NOT NULL,
	`draft_revision` integer NOT NULL,
	`edited_by` text NOT NULL,
	`edited_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`edited_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `policies_name` ON `policies` (`organisation_id`,`name`);--> statement-breakpoint
CREATE TABLE `policy_versions` (
	`policy_id` text NOT NULL,
	`version` text NOT NULL,
	`sha256` text NOT NULL,
	`document` blob NOT NULL,
	`author_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`published_at` integer,
	PRIMARY KEY(`policy_id`, `version`),
	FOREIGN KEY (`policy_id`) REFERENCES `policies`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`author_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `policy_versions_sha256` ON `policy_versions` (`sha256`);--> statement-breakpoint
CREATE TABLE `releases` (
	`desktop_id` text NOT NULL,
	`serial` integer NOT NULL,
	`package_id` text NOT NULL,
	`sha256` text NOT NULL,
	`document` blob NOT NULL,
	`author_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`published_at` integer,
	PRIMARY KEY(`desktop_id`, `serial`),
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`package_id`) REFERENCES `packages`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`author_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `releases_sha256` ON `releases` (`sha256`);--> statement-breakpoint
CREATE TABLE `reports` (
	`id` text PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`first_seq` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`head` text NOT NULL,
	`body` blob NOT NULL,
	`accepted` integer NOT NULL,
	`received_at` integer NOT NULL,
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `reports_device` ON `reports` (`device_id`,`last_seq`);--> statement-breakpoint
CREATE INDEX `reports_received` ON `reports` (`received_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`login` text NOT NULL,
	`name` text NOT NULL,
	`password_hash` text NOT NULL,
	`roles` text NOT NULL,
	`session_version` integer DEFAULT 1 NOT NULL,
	`failed_sign_ins` integer DEFAULT 0 NOT NULL,
	`locked_until` integer,
	`disabled_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_login` ON `users` (`login`);--> statement-breakpoint
CREATE INDEX `users_organisation` ON `users` (`organisation_id`);