CREATE TABLE `overrides` (
	`id` text PRIMARY KEY NOT NULL,
	`device_id` text NOT NULL,
	`desktop_id` text NOT NULL,
	`kind` text NOT NULL,
	`token` text NOT NULL,
	`issued_by` text NOT NULL,
	`issued_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`issued_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `overrides_device` ON `overrides` (`device_id`,`expires_at`);--> statement-breakpoint
CREATE TABLE `rescue_codes` (
	`device_id` text NOT NULL,
	`seq` integer NOT NULL,
	`problem` text NOT NULL,
	`number` integer NOT NULL,
	`issued_by` text NOT NULL,
	`issued_at` integer NOT NULL,
	PRIMARY KEY(`device_id`, `seq`, `problem`, `number`),
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`issued_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
