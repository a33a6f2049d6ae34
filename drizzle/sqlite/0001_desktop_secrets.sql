CREATE TABLE `desktop_secrets` (
	`desktop_id` text NOT NULL,
	`name` text NOT NULL,
	`sealed` blob NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`desktop_id`, `name`),
	FOREIGN KEY (`desktop_id`) REFERENCES `desktops`(`id`) ON UPDATE no action ON DELETE no action
);
