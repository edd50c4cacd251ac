//! Which address families a Service has.

use apimachinery::field::{FieldError, Path};
use serde_json::{Value, json};

use super::{
    super::json::{is_empty, list, map, text},
    pool::{Family, Pool},
};

fn policy(service: &Value) -> &str {
    text(service, "/spec/ipFamilyPolicy")
}

fn families(service: &Value) -> Vec<Family> {
    list(service, "/spec/ipFamilies").iter().filter_map(Value::as_str).filter_map(Family::parse).collect()
}

fn addresses(service: &Value) -> Vec<&str> {
    list(service, "/spec/clusterIPs").iter().filter_map(Value::as_str).collect()
}

fn set_families(service: &mut Value, families: &[Family]) {
    map(service, "spec").insert("ipFamilies".into(), families.iter().map(|f| Value::from(f.text())).collect());
}

/// A service that prefers two stacks is not changed behind its owner's back when the cluster's stacks change.
pub fn keeps_preference(service: &Value, old: &Value) -> bool {
    let same = |key: &str| service["spec"][key] == old["spec"][key];
    policy(service) == "PreferDualStack"
        && policy(old) == "PreferDualStack"
        && same("clusterIP")
        && same("clusterIPs")
        && same("ipFamilies")
        && same("type")
}

/// Fills `ipFamilyPolicy` and `ipFamilies`, or says why what is asked for cannot be.
pub fn fill(service: &mut Value, old: Option<&Value>, pool: &Pool) -> Result<(), Vec<FieldError>> {
    if text(service, "/spec/type") == "ExternalName" || old.is_some_and(|o| keeps_preference(service, o)) {
        return Ok(());
    }
    let headless = text(service, "/spec/clusterIP") == "None";
    let selectorless = is_empty(service.pointer("/spec/selector"));
    if policy(service).is_empty() {
        let kept = old.map(policy).filter(|p| !p.is_empty()).map(str::to_owned);
        let policy = kept
            .unwrap_or_else(|| if headless && selectorless { "RequireDualStack" } else { "SingleStack" }.to_owned());
        map(service, "spec").insert("ipFamilyPolicy".into(), policy.into());
    }
    if let Some(old) = old {
        shrink(service, old)?;
    }
    contradictions(service)?;
    infer(service, pool)?;
    let mut chosen = families(service);
    if headless && selectorless {
        if chosen.is_empty() {
            chosen.extend(pool.ranges.first().map(|r| r.family));
        }
        if chosen.len() == 1 && policy(service) != "SingleStack" {
            chosen.push(chosen[0].other());
        }
        set_families(service, &chosen);
        return Ok(());
    }
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    let two = pool.has(Family::V4) && pool.has(Family::V6);
    if policy(service) == "RequireDualStack" && !two {
        errors.push(FieldError::invalid(
            &spec.child("ipFamilyPolicy"),
            policy(service),
            "this cluster is not configured for dual-stack services",
        ));
    }
    for (i, family) in chosen.iter().enumerate().filter(|(_, f)| !pool.has(**f)) {
        errors.push(FieldError::invalid(
            &spec.child("ipFamilies").index(i),
            family.text(),
            "not configured on this cluster",
        ));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if chosen.is_empty() {
        chosen.extend(pool.ranges.first().map(|r| r.family));
    }
    if policy(service) != "SingleStack" && chosen.len() == 1 && two {
        chosen.push(chosen[0].other());
    }
    set_families(service, &chosen);
    Ok(())
}

/// An update to one stack gives the second address up; any other update may not.
fn shrink(service: &mut Value, old: &Value) -> Result<(), Vec<FieldError>> {
    let same = |service: &Value, key: &str| service["spec"][key] == old["spec"][key];
    if policy(service) == "SingleStack" {
        for key in ["clusterIPs", "ipFamilies"] {
            if same(service, key)
                && let Some(Value::Array(items)) = service.pointer_mut(&format!("/spec/{key}"))
            {
                items.truncate(1);
            }
        }
        return Ok(());
    }
    let path = Path::new("spec").child("ipFamilyPolicy");
    let mut errors = Vec::new();
    for (key, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
        let pointer = format!("/spec/{key}");
        if list(old, &pointer).len() == 2 && list(service, &pointer).len() == 1 {
            errors.push(FieldError::invalid(
                &path,
                policy(service),
                format!("must be 'SingleStack' to release the secondary {what}"),
            ));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn contradictions(service: &Value) -> Result<(), Vec<FieldError>> {
    let path = Path::new("spec").child("ipFamilyPolicy");
    let mut errors = Vec::new();
    if policy(service) == "SingleStack" {
        for (pointer, what) in [("/spec/clusterIPs", "cluster IPs"), ("/spec/ipFamilies", "IP families")] {
            if list(service, pointer).len() == 2 {
                errors.push(FieldError::invalid(
                    &path,
                    policy(service),
                    format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"),
                ));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Families of addresses that the client chose.
fn infer(service: &mut Value, pool: &Pool) -> Result<(), Vec<FieldError>> {
    let mut chosen = families(service);
    let given = chosen.len();
    let mut errors = Vec::new();
    let asked = addresses(service);
    for (i, address) in asked.iter().enumerate().take_while(|(_, a)| **a != "None") {
        // What is no address at all is told by validation.
        let Ok(family) = address.parse().map(Family::of) else { return Ok(()) };
        if i < chosen.len() {
            continue;
        }
        if pool.has(family) {
            chosen.push(family);
        } else {
            errors.push(FieldError::invalid(
                &Path::new("spec").child("clusterIPs").index(i),
                json!(asked),
                format!("{} is not configured on this cluster", family.text()),
            ));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if chosen.len() > given {
        set_families(service, &chosen);
    }
    Ok(())
}
