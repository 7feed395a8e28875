BEGIN TRANSACTION;
CREATE TABLE activation (
	workspace VARCHAR NOT NULL, 
	generation BIGINT NOT NULL, 
	revision BIGINT NOT NULL, 
	digest VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	activated_at BIGINT NOT NULL, 
	CONSTRAINT pk_activation PRIMARY KEY (workspace, generation), 
	CONSTRAINT fk_activation_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "activation" VALUES('library',2,1,'sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','automatic','backend','',1796078733561);
INSERT INTO "activation" VALUES('library',3,2,'sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c','automatic','backend','',1796078733785);
INSERT INTO "activation" VALUES('library',4,1,'sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','rollback','first-admin','tried',1796078734011);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_token (
	id VARCHAR NOT NULL, 
	secret_hash VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	workspaces TEXT, 
	scopes TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, 
	last_used_at BIGINT, 
	CONSTRAINT pk_api_token PRIMARY KEY (id), 
	CONSTRAINT uq_api_token_secret_hash UNIQUE (secret_hash)
);
INSERT INTO "api_token" VALUES('27630f193ef60b0187282caca0d8f618','0e38945b27c7e56a09e8f1fc5c7d05a0388c4745095c8bc21432066892777272','first-admin','admin',NULL,'["runtimes:connection"]',1796078725121,NULL,NULL,1796078725319);
INSERT INTO "api_token" VALUES('24a35a01aa183e28cee5052215e8453a','b30a4099f5c9e85014292faef1e405865b073e8da32cb449b1b08b5107bc03ca','guest','viewer',NULL,'[]',1796078734183,NULL,1796078734250,NULL);
INSERT INTO "api_token" VALUES('6619364e3869089097e621ebab24e2a9','f89c9de274b020d6861c2bdd7fa49272fa67cb6e357f1845386fbd9bd1da85c5','guest','viewer',NULL,'[]',1796078734218,NULL,NULL,NULL);
CREATE TABLE audit (
	sequence BIGINT NOT NULL, 
	recorded_at BIGINT NOT NULL, 
	actor VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	runtime VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	details TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (sequence)
);
INSERT INTO "audit" VALUES(1,1796078725121,'backend','token.created','','','27630f193ef60b0187282caca0d8f618','{"name":"first-admin","role":"admin"}');
INSERT INTO "audit" VALUES(2,1796078725176,'backend','runtime.added','','here','','{"kind":"embedded","labels":{}}');
INSERT INTO "audit" VALUES(3,1796078725339,'first-admin','placement.changed','','','','{"generation":1,"rules":["all"]}');
INSERT INTO "audit" VALUES(4,1796078725348,'first-admin','workspace.added','library','','','{}');
INSERT INTO "audit" VALUES(5,1796078725348,'first-admin','placement.gained','library','here','','{"generation":1}');
INSERT INTO "audit" VALUES(6,1796078725425,'backend','sync.withdrawn','library','here','','{"generation":1}');
INSERT INTO "audit" VALUES(7,1796078733561,'first-admin','bundle.published','library','','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"kind":"directory","revision":1}');
INSERT INTO "audit" VALUES(8,1796078733561,'backend','bundle.activated','library','','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"generation":2,"kind":"automatic","reason":"","revision":1}');
INSERT INTO "audit" VALUES(9,1796078733679,'backend','sync.succeeded','library','here','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"generation":2}');
INSERT INTO "audit" VALUES(10,1796078733785,'first-admin','bundle.published','library','','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c','{"kind":"directory","revision":2}');
INSERT INTO "audit" VALUES(11,1796078733785,'backend','bundle.activated','library','','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c','{"generation":3,"kind":"automatic","reason":"","revision":2}');
INSERT INTO "audit" VALUES(12,1796078733917,'backend','sync.succeeded','library','here','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c','{"generation":3}');
INSERT INTO "audit" VALUES(13,1796078734011,'first-admin','bundle.rolled_back','library','','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"generation":4,"kind":"rollback","reason":"tried","revision":1}');
INSERT INTO "audit" VALUES(14,1796078734058,'backend','sync.succeeded','library','here','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"generation":4}');
INSERT INTO "audit" VALUES(15,1796078734176,'first-admin','worker.refused','library','here','afe2ae89c4f4729090bf48743c4ab12f','{"code":"resolution.refused","refused_by":{"here":"runtime: resolution.refused"}}');
INSERT INTO "audit" VALUES(16,1796078734183,'first-admin','token.created','','','24a35a01aa183e28cee5052215e8453a','{"name":"guest","role":"viewer"}');
INSERT INTO "audit" VALUES(17,1796078734218,'first-admin','token.created','','','6619364e3869089097e621ebab24e2a9','{"name":"guest","role":"viewer"}');
INSERT INTO "audit" VALUES(18,1796078734250,'first-admin','token.revoked','','','24a35a01aa183e28cee5052215e8453a','{}');
INSERT INTO "audit" VALUES(19,1796078734277,'first-admin','workspace.added','museum','','','{}');
INSERT INTO "audit" VALUES(20,1796078734277,'first-admin','placement.gained','museum','here','','{"generation":1}');
CREATE TABLE blob (
	workspace VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_blob PRIMARY KEY (workspace, digest), 
	CONSTRAINT fk_blob_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "blob" VALUES('library','sha256:f32bf5e09516390e83144b4a66afea2f104e1b229bc809baed4f8efb0f3a1d39',X'4265206B696E642E0A');
INSERT INTO "blob" VALUES('library','sha256:ea2062cf73e3520ac95d59885016de0e58328c76e876723ff00b77bca0f95312',X'4265206B696E642E0A42652062726965662E0A');
CREATE TABLE build (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	digest VARCHAR, 
	revision BIGINT, 
	diagnostics TEXT NOT NULL, 
	diagnostic_count INTEGER NOT NULL, 
	problem TEXT, 
	built_at BIGINT NOT NULL, 
	CONSTRAINT fk_build_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "build" VALUES(1,'library','new','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5',1,'[{"file":".yoi/workspace.toml","line":0,"message":"no `[grants]`: the workspace grants what its profiles ask: mounts workspace (rw); host shell","pointer":"","remedy":"write `[grants]` in .yoi/workspace.toml to grant less","rule":"grants.implied","severity":"info"}]',1,NULL,1796078733620);
INSERT INTO "build" VALUES(2,'library','unchanged','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5',1,'[{"file":".yoi/workspace.toml","line":0,"message":"no `[grants]`: the workspace grants what its profiles ask: mounts workspace (rw); host shell","pointer":"","remedy":"write `[grants]` in .yoi/workspace.toml to grant less","rule":"grants.implied","severity":"info"}]',1,NULL,1796078733672);
INSERT INTO "build" VALUES(3,'library','new','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c',2,'[{"file":".yoi/workspace.toml","line":0,"message":"no `[grants]`: the workspace grants what its profiles ask: mounts workspace (rw); host shell","pointer":"","remedy":"write `[grants]` in .yoi/workspace.toml to grant less","rule":"grants.implied","severity":"info"}]',1,NULL,1796078733867);
INSERT INTO "build" VALUES(4,'library','unchanged','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c',2,'[{"file":".yoi/workspace.toml","line":0,"message":"no `[grants]`: the workspace grants what its profiles ask: mounts workspace (rw); host shell","pointer":"","remedy":"write `[grants]` in .yoi/workspace.toml to grant less","rule":"grants.implied","severity":"info"}]',1,NULL,1796078734079);
CREATE TABLE bundle (
	workspace VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	manifest BLOB NOT NULL, 
	size BIGINT NOT NULL, 
	stored_at BIGINT NOT NULL, 
	CONSTRAINT pk_bundle PRIMARY KEY (workspace, digest), 
	CONSTRAINT fk_bundle_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "bundle" VALUES('library','sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5',X'7B226772616E7473223A7B22686F7374223A7B227368656C6C223A7B7D7D2C226D6F756E7473223A7B22776F726B7370616365223A7B22616363657373223A227277227D7D7D2C2270726F66696C6573223A7B22636C65726B223A7B226465736372697074696F6E223A22416E7377657273207175657374696F6E732E222C226F726967696E223A7B226469616C656374223A22796F69222C2270617468223A222E796F692F70726F66696C65732F636C65726B2E6D64227D2C2270726F6D707473223A5B7B2270726F6D7074223A222E796F692F70726F66696C65732F636C65726B227D5D2C22746F6F6C73223A7B226B696E64223A22616C6C227D7D7D2C2270726F6D707473223A7B222E796F692F70726F66696C65732F636C65726B223A7B22636F6E74656E74223A7B22646967657374223A227368613235363A66333262663565303935313633393065383331343462346136366166656132663130346531623232396263383039626165643466386566623066336131643339222C226D656469615F74797065223A22746578742F6D61726B646F776E222C2273697A65223A397D2C226F726967696E223A7B226469616C656374223A22796F69222C2270617468223A222E796F692F70726F66696C65732F636C65726B2E6D64227D7D7D2C22736368656D615F76657273696F6E223A312C22746F6F6C73223A7B226167656E742E737061776E223A7B226B696E64223A226275696C74696E227D2C2266696C652E65646974223A7B226B696E64223A226275696C74696E227D2C2266696C652E72656164223A7B226B696E64223A226275696C74696E227D2C2266696C652E736561726368223A7B226B696E64223A226275696C74696E227D2C226E6F7465626F6F6B2E65646974223A7B226B696E64223A226275696C74696E227D2C227368656C6C2E72756E223A7B226B696E64223A226275696C74696E227D2C22736B696C6C2E757365223A7B226B696E64223A226275696C74696E227D2C227461736B2E747261636B223A7B226B696E64223A226275696C74696E227D2C22757365722E61736B223A7B226B696E64223A226275696C74696E227D2C227765622E6665746368223A7B226B696E64223A226275696C74696E227D2C227765622E736561726368223A7B226B696E64223A226275696C74696E227D2C22776F726B666C6F772E72756E223A7B226B696E64223A226275696C74696E227D7D2C22776F726B7370616365223A226C696272617279227D',928,1796078733561);
INSERT INTO "bundle" VALUES('library','sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c',X'7B226772616E7473223A7B22686F7374223A7B227368656C6C223A7B7D7D2C226D6F756E7473223A7B22776F726B7370616365223A7B22616363657373223A227277227D7D7D2C2270726F66696C6573223A7B22636C65726B223A7B226465736372697074696F6E223A22416E7377657273207175657374696F6E732E222C226F726967696E223A7B226469616C656374223A22796F69222C2270617468223A222E796F692F70726F66696C65732F636C65726B2E6D64227D2C2270726F6D707473223A5B7B2270726F6D7074223A222E796F692F70726F66696C65732F636C65726B227D5D2C22746F6F6C73223A7B226B696E64223A22616C6C227D7D7D2C2270726F6D707473223A7B222E796F692F70726F66696C65732F636C65726B223A7B22636F6E74656E74223A7B22646967657374223A227368613235363A65613230363263663733653335323061633935643539383835303136646530653538333238633736653837363732336666303062373762636130663935333132222C226D656469615F74797065223A22746578742F6D61726B646F776E222C2273697A65223A31397D2C226F726967696E223A7B226469616C656374223A22796F69222C2270617468223A222E796F692F70726F66696C65732F636C65726B2E6D64227D7D7D2C22736368656D615F76657273696F6E223A312C22746F6F6C73223A7B226167656E742E737061776E223A7B226B696E64223A226275696C74696E227D2C2266696C652E65646974223A7B226B696E64223A226275696C74696E227D2C2266696C652E72656164223A7B226B696E64223A226275696C74696E227D2C2266696C652E736561726368223A7B226B696E64223A226275696C74696E227D2C226E6F7465626F6F6B2E65646974223A7B226B696E64223A226275696C74696E227D2C227368656C6C2E72756E223A7B226B696E64223A226275696C74696E227D2C22736B696C6C2E757365223A7B226B696E64223A226275696C74696E227D2C227461736B2E747261636B223A7B226B696E64223A226275696C74696E227D2C22757365722E61736B223A7B226B696E64223A226275696C74696E227D2C227765622E6665746368223A7B226B696E64223A226275696C74696E227D2C227765622E736561726368223A7B226B696E64223A226275696C74696E227D2C22776F726B666C6F772E72756E223A7B226B696E64223A226275696C74696E227D7D2C22776F726B7370616365223A226C696272617279227D',939,1796078733785);
CREATE TABLE pair (
	runtime VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	placed BOOLEAN NOT NULL, 
	placement_generation BIGINT NOT NULL, 
	observed_at BIGINT, 
	observed_generation BIGINT, 
	observed_digest VARCHAR, 
	observed_revision BIGINT, 
	holdings TEXT, 
	attempts INTEGER NOT NULL, 
	problem TEXT, 
	last_attempt_at BIGINT, 
	last_success_at BIGINT, 
	triggers BIGINT NOT NULL, 
	due_at BIGINT, 
	lease BIGINT NOT NULL, 
	lease_triggers BIGINT NOT NULL, 
	lease_owner VARCHAR, 
	lease_expires_at BIGINT, 
	CONSTRAINT pk_pair PRIMARY KEY (runtime, workspace), 
	CONSTRAINT fk_pair_runtime_runtime FOREIGN KEY(runtime) REFERENCES runtime (name) ON DELETE CASCADE, 
	CONSTRAINT fk_pair_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "pair" VALUES('here','library',1,1,1796078734058,4,'sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5',1,NULL,0,NULL,1796078734035,1796078734058,3,1796078758143,4,3,'host-206a2f60',NULL);
INSERT INTO "pair" VALUES('here','museum',1,1,NULL,NULL,NULL,NULL,NULL,0,NULL,1796078734342,NULL,0,1796078734277,1,0,'host-206a2f60',NULL);
CREATE TABLE placement (
	id INTEGER NOT NULL, 
	generation BIGINT NOT NULL, 
	rules TEXT NOT NULL, 
	CONSTRAINT pk_placement PRIMARY KEY (id)
);
INSERT INTO "placement" VALUES(1,1,'[{"effect":"allow","id":"all","runtimes":["*"],"workspaces":["library"]}]');
CREATE TABLE rejection (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	runtime VARCHAR NOT NULL, 
	runtime_version VARCHAR NOT NULL, 
	policy_generation VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	details TEXT NOT NULL, 
	rejected_at BIGINT NOT NULL, 
	CONSTRAINT fk_rejection_runtime_runtime FOREIGN KEY(runtime) REFERENCES runtime (name) ON DELETE CASCADE, 
	CONSTRAINT fk_rejection_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE, 
	CONSTRAINT uq_rejection_content UNIQUE (workspace, digest, runtime, runtime_version, policy_generation)
);
CREATE TABLE revision (
	workspace VARCHAR NOT NULL, 
	revision BIGINT NOT NULL, 
	digest VARCHAR NOT NULL, 
	metadata TEXT NOT NULL, 
	recorded_at BIGINT NOT NULL, 
	CONSTRAINT pk_revision PRIMARY KEY (workspace, revision), 
	CONSTRAINT fk_revision_workspace_digest_bundle FOREIGN KEY(workspace, digest) REFERENCES bundle (workspace, digest) ON DELETE CASCADE, 
	CONSTRAINT fk_revision_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
INSERT INTO "revision" VALUES('library',1,'sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5','{"created_at":"2026-11-30T22:45:33.561Z","digest":"sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5","provenance":{"builder":"yoi-workspace-server","builder_version":"0.1.0","kind":"directory"},"revision":1,"workspace":"library"}',1796078733561);
INSERT INTO "revision" VALUES('library',2,'sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c','{"created_at":"2026-11-30T22:45:33.785Z","digest":"sha256:77a6c4fe106f80a0ad62669603659c5807ea47562669e708380e3ed367934a8c","provenance":{"builder":"yoi-workspace-server","builder_version":"0.1.0","kind":"directory"},"revision":2,"workspace":"library"}',1796078733785);
CREATE TABLE revocation (
	workspace VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	revoked_at BIGINT NOT NULL, 
	CONSTRAINT pk_revocation PRIMARY KEY (workspace, digest), 
	CONSTRAINT fk_revocation_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE
);
CREATE TABLE runtime (
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	audience VARCHAR NOT NULL, 
	labels TEXT NOT NULL, 
	connection TEXT, 
	info TEXT, 
	version VARCHAR NOT NULL, 
	policy_generation VARCHAR NOT NULL, 
	reachability VARCHAR NOT NULL, 
	problem TEXT, 
	last_seen_at BIGINT, 
	added_at BIGINT NOT NULL, 
	CONSTRAINT pk_runtime PRIMARY KEY (name), 
	CONSTRAINT uq_runtime_audience UNIQUE (audience)
);
INSERT INTO "runtime" VALUES('here','embedded','2d9c600fe08e8eadb8cd2255e4ded2ad','{}',NULL,'{"api_versions":[1],"builtin":{"digest":"sha256:854ac9cb2dd35299f5f5361f596982a449b081697addaf8afe12e075e8039e40","profiles":["coder","companion","intake","orchestrator","reviewer"]},"features":["plugin.ingress","plugin.service","prompt.conditional","workflow.reference"],"id":"2d9c600fe08e8eadb8cd2255e4ded2ad","labels":{},"limits":{"blob_bytes":67108864,"blobs":20000,"bundle_bytes":536870912,"depth":32,"encoded_bytes":67108864,"frontmatter_bytes":262144,"manifest_bytes":8388608,"profiles":2000,"source_files":25000},"policy_generation":"9a8834d084b40c76e92783b25446d1bb","resolver_version":"1","schema_versions":[1],"version":"0.1.0"}','0.1.0','9a8834d084b40c76e92783b25446d1bb','reachable',NULL,1796078725330,1796078725176);
CREATE TABLE worker (
	id VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	runtime VARCHAR NOT NULL, 
	audience VARCHAR NOT NULL, 
	request TEXT NOT NULL, 
	runtime_worker VARCHAR, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_worker PRIMARY KEY (id), 
	CONSTRAINT fk_worker_workspace_workspace FOREIGN KEY(workspace) REFERENCES workspace (id) ON DELETE CASCADE, 
	CONSTRAINT uq_worker_workspace_key UNIQUE (workspace, "key")
);
CREATE TABLE workspace (
	id VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	visibility VARCHAR NOT NULL, 
	source TEXT NOT NULL, 
	automatic BOOLEAN NOT NULL, 
	held BOOLEAN NOT NULL, 
	generation BIGINT NOT NULL, 
	active_digest VARCHAR, 
	active_revision BIGINT, 
	active_generation BIGINT, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_workspace PRIMARY KEY (id)
);
INSERT INTO "workspace" VALUES('library','The library','private','{"kind":"directory","path":"/srv/workspaces/library"}',1,1,4,'sha256:34e13f52e455eadf9f249af4f58b97d54e5f1483f11a342a1ceb28cdfbe06bc5',1,4,1796078725348);
INSERT INTO "workspace" VALUES('museum','','private','{"kind":"published"}',1,0,1,NULL,NULL,NULL,1796078734277);
CREATE INDEX ix_revision_workspace_digest ON revision (workspace, digest);
CREATE INDEX ix_build_workspace_id ON build (workspace, id);
CREATE INDEX ix_pair_due_at ON pair (due_at);
CREATE INDEX ix_pair_workspace ON pair (workspace);
CREATE INDEX ix_rejection_runtime ON rejection (runtime);
CREATE INDEX ix_worker_created_at_id ON worker (created_at, id);
CREATE INDEX ix_audit_workspace_sequence ON audit (workspace, sequence);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('build',4);
COMMIT;
