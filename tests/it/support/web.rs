//! Fetching over HTTP as any program would.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, Body, Error};

const WITHIN: Duration = Duration::from_secs(60);

/// Where batches are served, and the token that is shown there.
#[derive(Debug, Clone)]
pub struct Web {
    pub url: String,
    pub token: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// None when the connection was broken off before the announced length.
    pub body: Option<Vec<u8>>,
}

impl Fetched {
    /// The body, which came whole.
    #[track_caller]
    pub fn whole(&self) -> &[u8] {
        self.body.as_deref().expect("the connection was broken off")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.whole()).expect("JSON")
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Web {
    /// Fetches a path with these headers.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Fetched {
        self.ask("GET", path, headers).await
    }

    /// Does whatever one likes to a path.
    pub async fn ask(&self, method: &'static str, path: &str, headers: &[(&str, &str)]) -> Fetched {
        let url = format!("{}{path}", self.url);
        let mut all: Vec<(String, String)> = Vec::new();
        all.extend(self.token.iter().map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let asking = move || ask(method, &url, &all).unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        tokio::task::spawn_blocking(asking).await.expect("a thread")
    }
}

fn ask(method: &str, url: &str, headers: &[(String, String)]) -> Result<Fetched, Error> {
    let config = Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(Some(WITHIN));
    let agent: Agent = config.build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut response = agent.run(request.body(Body::builder().data(Vec::new()))?)?;
    let value = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, text)| (name.to_string(), value(text))).collect();
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().ok();
    Ok(Fetched { status: response.status().as_u16(), headers, body })
}
