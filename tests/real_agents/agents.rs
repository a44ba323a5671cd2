//! The agents as data: what a person would have set up at home for each, with a scripted model as the service.

/// A program with its configuration. In texts, `{url}` is the model's address and `{key}` the key for it.
pub struct RealAgent {
    /// As it is chosen: the built-in record, with a model where the program needs one.
    pub choice: &'static str,
    /// The version that is installed.
    pub version: &'static str,
    /// What the person has exported.
    pub variables: &'static [(&'static str, &'static str)],
    /// The program's own files below the home folder.
    pub files: &'static [(&'static str, &'static str)],
    /// Variables that make it give up sooner than people would want it to.
    pub quick: &'static [(&'static str, &'static str)],
    pub below_full: BelowFull,
    /// Its usage is that of the whole run, and not of the last call alone.
    pub counts_every_call: bool,
    /// Some time soon it stops asking a service that is broken.
    pub gives_up: bool,
}

/// What becomes of a command where the permission is `edit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BelowFull {
    /// The agent asks, or refuses it itself, and says so.
    Denied,
    /// The same, and with the model that is played here it edits files by commands.
    DeniedWithEdits,
    /// The model is not told that there are commands.
    NotOffered,
    /// It runs in a sandbox of the agent's and fails there.
    Fails,
}

impl RealAgent {
    pub fn name(&self) -> &'static str {
        self.choice.split(':').next().unwrap_or_default()
    }
}

const CLAUDE: RealAgent = RealAgent {
    choice: "claude",
    version: "2.1.329",
    variables: &[("ANTHROPIC_BASE_URL", "{url}"), ("ANTHROPIC_API_KEY", "{key}")],
    files: &[],
    quick: &[("CLAUDE_CODE_MAX_RETRIES", "2")],
    below_full: BelowFull::Denied,
    gives_up: true,
    counts_every_call: true,
};

const CODEX: RealAgent = RealAgent {
    choice: "codex",
    version: "0.169.0",
    variables: &[],
    files: &[(
        ".codex/config.toml",
        r#"model = "gpt-5.1-codex"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 3
[analytics]
enabled = false
[feedback]
enabled = false
"#,
    )],
    quick: &[("SCRIPTED_KEY", "{key}")],
    below_full: BelowFull::Fails,
    gives_up: true,
    counts_every_call: true,
};

const PI: RealAgent = RealAgent {
    choice: "pi:scripted/scripted",
    version: "0.73.1",
    variables: &[],
    files: &[
        (
            ".pi/agent/models.json",
            r#"{"providers": {"scripted": {"baseUrl": "{url}/v1", "api": "openai-completions", "apiKey": "{key}",
"models": [{"id": "scripted", "contextWindow": 100000, "maxTokens": 8000,
"cost": {"input": 1, "output": 2, "cacheRead": 0.1, "cacheWrite": 0}}]}}}"#,
        ),
        (
            ".pi/agent/settings.json",
            r#"{"retry": {"enabled": true, "maxRetries": 2, "baseDelayMs": 200, "provider": {"maxRetries": 0}}}"#,
        ),
    ],
    quick: &[],
    below_full: BelowFull::NotOffered,
    gives_up: true,
    counts_every_call: true,
};

const GEMINI: RealAgent = RealAgent {
    // Without a model it asks the service first which one to take.
    choice: "gemini:gemini-2.5-flash",
    version: "0.61.0",
    variables: &[("GOOGLE_GEMINI_BASE_URL", "{url}"), ("GEMINI_API_KEY", "{key}")],
    files: &[(
        ".gemini/settings.json",
        r#"{"security": {"auth": {"selectedType": "gemini-api-key"}}, "telemetry": {"enabled": false},
"general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false, "maxAttempts": 3},
"privacy": {"usageStatisticsEnabled": false}}"#,
    )],
    quick: &[],
    below_full: BelowFull::NotOffered,
    gives_up: true,
    counts_every_call: true,
};

const OPENCODE_FILES: &[(&str, &str)] = &[(
    "config/opencode/opencode.json",
    r#"{"autoupdate": false, "share": "disabled", "model": "scripted/scripted", "small_model": "scripted/scripted",
"provider": {"scripted": {"npm": "@ai-sdk/openai-compatible", "name": "scripted",
"options": {"baseURL": "{url}/v1", "apiKey": "{key}"},
"models": {"scripted": {"name": "scripted", "limit": {"context": 100000, "output": 8000}, "cost": {"input": 1, "output": 2}}}}}}"#,
)];

const OPENCODE: RealAgent = RealAgent {
    choice: "opencode",
    version: "1.18.33",
    variables: &[],
    files: OPENCODE_FILES,
    quick: &[("OPENCODE_DISABLE_MODELS_FETCH", "1")],
    below_full: BelowFull::NotOffered,
    gives_up: false,
    counts_every_call: true,
};

const CLAUDE_PRINT: RealAgent = RealAgent {
    choice: "claude-print",
    // It does not want to be root and to ask nobody.
    quick: &[("CLAUDE_CODE_MAX_RETRIES", "2"), ("IS_SANDBOX", "1")],
    ..CLAUDE
};

const CODEX_SERVER: RealAgent = RealAgent { choice: "codex-server", below_full: BelowFull::DeniedWithEdits, ..CODEX };

const CLAUDE_ACP: RealAgent = RealAgent { choice: "claude-acp", version: "0.100.0", ..CLAUDE };

const OPENCODE_ACP: RealAgent =
    RealAgent { choice: "opencode-acp", below_full: BelowFull::Denied, counts_every_call: false, ..OPENCODE };

#[rustfmt::skip]
const TABLE: &[&RealAgent] = &[
    &CLAUDE, &CLAUDE_PRINT, &CLAUDE_ACP, &CODEX, &CODEX_SERVER, &PI, &GEMINI, &OPENCODE, &OPENCODE_ACP,
];

/// By its name, with `_` for `-`.
pub fn find(name: &str) -> &'static RealAgent {
    let found = all().find(|agent| agent.name().replace('-', "_") == name);
    found.unwrap_or_else(|| panic!("no agent {name} in the table"))
}

pub fn all() -> impl Iterator<Item = &'static RealAgent> {
    TABLE.iter().copied()
}
