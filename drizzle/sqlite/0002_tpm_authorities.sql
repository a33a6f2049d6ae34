CREATE TABLE `tpm_authorities` (
	`organisation_id` text NOT NULL,
	`sha256` text NOT NULL,
	`certificate` blob NOT NULL,
	`added_at` integer NOT NULL,
	PRIMARY KEY(`organisation_id`, `sha256`),
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
