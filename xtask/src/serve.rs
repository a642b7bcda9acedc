//! A server for the files of one folder, for this machine only.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use crate::Outcome;

/// The first port to try.
const PORT: u16 = 8080;

/// Serves until the process is ended.
pub(crate) fn serve(folder: &Path) -> Outcome {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    // Any free port, if that one is not free.
    let listener = bind(PORT).or_else(|_| bind(0)).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    println!("http://localhost:{port}/ has the page, until Ctrl-C");
    for connection in listener.incoming() {
        // A browser opens connections and leaves them, so an error here is no failure.
        if let Err(error) = connection.and_then(|connection| answer(connection, folder)) {
            eprintln!("xtask: {error}");
        }
    }
    Ok(())
}

/// Answers one request, and closes.
fn answer(mut connection: TcpStream, folder: &Path) -> std::io::Result<()> {
    connection.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The whole request is read, because closing would otherwise reset the connection.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or("/");
    let name = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let name = if name.is_empty() { "index.html" } else { name };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    // Only files of this folder are served.
    let inside = !name.contains(['/', '\\', ':']) && !name.starts_with('.');
    let (status, body) = match inside.then(|| fs::read(folder.join(name))) {
        Some(Ok(body)) => ("200 OK", body),
        _ => ("404 Not Found", b"not here".to_vec()),
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ncache-control: no-store\r\nconnection: \
         close\r\n\r\n"
    )?;
    connection.write_all(&body)
}
