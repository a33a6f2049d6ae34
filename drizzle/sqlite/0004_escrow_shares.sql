CREATE TABLE `escrow_shares` (
	`device_id` text NOT NULL,
	`instance` text NOT NULL,
	`index` integer NOT NULL,
	`split` text NOT NULL,
	`kid` text NOT NULL,
	`threshold` integer NOT NULL,
	`reset_seq` integer NOT NULL,
	`share` blob NOT NULL,
	`received_at` integer NOT NULL,
	PRIMARY KEY(`device_id`, `instance`, `index`),
	FOREIGN KEY (`device_id`) REFERENCES `devices`(`id`) ON UPDATE no action ON DELETE no action
);
