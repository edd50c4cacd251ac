//! The API server: from a request to an answer, for connections and for callers in the same process alike.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apimachinery::status::Status;
use http::{Request, Response, request::Parts};
use storage::Store;
use tokio::time::Instant;

use crate::{
    admission, authn, authz,
    body::Body,
    bootstrap,
    cache::{Cache, CacheReader},
    config::Config,
    contract::{Authenticator, Authorizer, Caller, Decision, Nodes, Reader, RequestInfo, User},
    customresources, discovery, dispatch, health,
    identity::Identities,
    limit::{Limiter, long_running},
    metrics::Metrics,
    negotiate::{self, Format},
    openapi,
    registry::{Registry, Rows},
    request::{self, Query},
    respond, strategies,
};

/// The API server.
pub struct ApiServer {
    /// Its configuration.
    pub config: Arc<Config>,
    /// The verbs.
    pub registry: Arc<Registry>,
    /// The way to nodes.
    pub nodes: Arc<dyn Nodes>,
    /// Who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// Signs service-account tokens; without one none are made or accepted.
    pub signer: Option<Arc<authn::TokenSigner>>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    identities: Identities,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Metrics,
    bootstrapped: AtomicBool,
    stopping: AtomicBool,
}

/// A request that is not long-running is answered within this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How often old events are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(30);

impl ApiServer {
    /// Fills the cache, writes the default objects, and is ready.
    ///
    /// # Errors
    /// The store cannot be read, or the default objects cannot be written.
    pub async fn start(config: Config, store: Arc<dyn Store>, nodes: Arc<dyn Nodes>) -> Result<Arc<Self>, Status> {
        let config = Arc::new(config);
        let rows = Arc::new(Rows::default());
        let definitions = customresources::Definitions::load(&*store, &rows).await?;
        let cache = Cache::start(store.clone(), rows.clone(), config.log.clone())
            .await
            .map_err(|e| crate::registry::errors::from_store(&e))?;
        let reader: Arc<dyn Reader> = Arc::new(CacheReader(cache.clone()));
        let strategies = strategies::table(&config, reader.clone());
        let authorizer = authz::authorizer(&config, reader.clone());
        let plugins = admission::plugins(&config, reader.clone(), authorizer.clone(), rows.clone());
        let signer = authn::signer(&config)
            .map(Arc::new)
            .inspect_err(|e| (config.log)(&format!("service-account tokens are not accepted: {e}")))
            .ok();
        let authenticators = authn::authenticators(&config, reader, signer.clone());
        tidy(&cache);
        let registry = Arc::new(Registry::new(config.clone(), store, cache, rows, strategies, plugins));
        let server = Arc::new(ApiServer {
            limiter: Limiter::new(config.limits.reads, config.limits.writes),
            config,
            registry,
            nodes,
            authorizer,
            signer,
            authenticators,
            identities: Identities::default(),
            metrics: Metrics::default(),
            bootstrapped: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        });
        bootstrap::run(server.clone()).await?;
        customresources::run(&server, definitions);
        server.bootstrapped.store(true, Ordering::Release);
        Ok(server)
    }

    /// The default objects are there.
    #[must_use]
    pub fn is_bootstrapped(&self) -> bool {
        self.bootstrapped.load(Ordering::Acquire)
    }

    /// It is shutting down.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// `/readyz` says no from now on, and watches end: clients go elsewhere, and connections can close.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.registry.cache.close();
    }

    pub(crate) fn store_answers(&self) -> bool {
        self.registry.store.revision().0 > 0 || self.registry.cache.revision() == 0
    }

    pub(crate) fn caught_up(&self) -> bool {
        // A little behind is the normal state under load.
        self.registry.cache.revision() + 10_000 >= self.registry.store.revision().0
    }

    /// Answers a request. Never fails: errors are answers too.
    pub async fn handle(self: &Arc<Self>, request: Request<Body>, caller: Caller) -> Response<Body> {
        let began = Instant::now();
        let (mut parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query());
        let info = request::parse(&parts.method, parts.uri.path(), &query);
        let verb = info.verb;
        let format = negotiate::plain(&parts.headers).unwrap_or(Format::Json);
        let lasts = long_running(&info) || query.flag("follow");
        let answered = self.route(&mut parts, body, info, &query, caller);
        let result = if lasts {
            answered.await
        } else {
            tokio::time::timeout(ANSWER_WITHIN, answered)
                .await
                .unwrap_or_else(|_| Err(Status::timeout("request did not complete within the allotted timeout", 0)))
        };
        let response = result.unwrap_or_else(|status| respond::refused(&status, format));
        self.metrics.count(verb, response.status().as_u16(), began.elapsed());
        response
    }

    async fn route(
        self: &Arc<Self>,
        parts: &mut Parts,
        body: Body,
        info: RequestInfo,
        query: &Query,
        caller: Caller,
    ) -> Result<Response<Body>, Status> {
        let user = self.authenticate(&caller, parts).await?;
        self.authorize(&user, &info)?;
        let _place = self.limiter.enter(&user, &info)?;
        if info.is_resource {
            return dispatch::resource(self, parts, body, info, query, user).await;
        }
        if let Some(response) = health::answer(self, parts, query) {
            return Ok(response);
        }
        let rows = self.registry.rows.all();
        discovery::respond(rows.iter().map(|row| &**row), &self.config, parts)
            .or_else(|| openapi::respond(rows.iter().map(|row| &**row), &self.config, parts))
            .map_or_else(|| Ok(respond::text(404, "404 page not found\n")), Ok)
    }

    /// Who asks, after impersonation.
    async fn authenticate(&self, caller: &Caller, parts: &Parts) -> Result<Arc<User>, Status> {
        if let Caller::Component(user) = caller {
            return Ok(user.clone());
        }
        let now = self.config.clock.now();
        if let Some(user) = self.identities.find(caller, &parts.headers, now) {
            return Ok(user);
        }
        let mut found = None;
        for authenticator in &self.authenticators {
            found = authenticator.authenticate(caller, &parts.headers).await?;
            if found.is_some() {
                break;
            }
        }
        let user = found.unwrap_or_else(authn::anonymous);
        let other = authn::impersonate(&*self.authorizer, &user, &parts.headers)?;
        let user = Arc::new(other.unwrap_or(user));
        self.identities.keep(caller, &parts.headers, now, &user);
        Ok(user)
    }

    /// # Errors
    /// 403, in upstream's words.
    pub fn authorize(&self, user: &User, info: &RequestInfo) -> Result<(), Status> {
        match self.authorizer.authorize(user, info) {
            Decision::Allow => Ok(()),
            Decision::NoOpinion(reason) | Decision::Deny(reason) => Err(authz::forbidden(user, info, &reason)),
        }
    }
}

/// Lets go of old events where a kind has gone quiet.
fn tidy(cache: &Arc<Cache>) {
    let cache = Arc::downgrade(cache);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TIDY_EVERY).await;
            let Some(cache) = cache.upgrade() else { return };
            cache.kinds().iter().for_each(|kind| kind.tidy());
        }
    });
}
