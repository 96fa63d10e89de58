use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::*;

/// A server that sends everything back.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (mut from, mut to) = stream.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from, &mut to).await });
        }
    });
    address
}

async fn says(stream: &mut TcpStream, words: &[u8]) -> Option<Vec<u8>> {
    stream.write_all(words).await.ok()?;
    let mut back = vec![0; words.len()];
    stream.read_exact(&mut back).await.ok().map(|_| back)
}

#[tokio::test]
async fn bytes_pass_until_it_is_cut_and_again_when_it_is_healed() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(says(&mut stream, b"hello").await.as_deref(), Some(&b"hello"[..]));
    assert_eq!(proxy.passed(), 10);
    proxy.cut();
    assert_eq!(says(&mut stream, b"hello").await, None);
    let mut late = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(says(&mut late, b"hello").await, None);
    proxy.heal();
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(says(&mut again, b"hello").await.is_some());
}

#[tokio::test]
async fn it_is_cut_in_the_middle_of_a_message() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.cut_after(7);
    assert_eq!(says(&mut stream, b"hello").await, None);
    proxy.until_cut().await;
    assert!(proxy.is_cut());
    assert_eq!(proxy.passed(), 7);
}

#[tokio::test]
async fn what_is_late_is_late_either_way_and_many_pieces_are_under_way() {
    let one_way = Duration::from_millis(30);
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    says(&mut stream, b"hello").await.unwrap();
    proxy.delay(one_way);
    let begun = Instant::now();
    assert!(says(&mut stream, b"hello").await.is_some());
    assert!(begun.elapsed() >= 2 * one_way, "{:?}", begun.elapsed());
    let begun = Instant::now();
    for _ in 0..20 {
        stream.write_all(b"hello").await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut back = [0; 100];
    stream.read_exact(&mut back).await.unwrap();
    assert!(begun.elapsed() < 20 * one_way, "one after the other: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_throttled_link_takes_its_time() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    proxy.throttle(200_000);
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let begun = Instant::now();
    assert!(says(&mut stream, &[7; 20_000]).await.is_some());
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
}

/// Says so many words, connecting again whenever the connection breaks; tells which of them did not come back.
async fn lost(proxy: &Proxy, words: usize) -> Vec<usize> {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let mut lost = Vec::new();
    for word in 0..words {
        if says(&mut stream, b"hello").await.is_none() {
            lost.push(word);
            stream = TcpStream::connect(proxy.address()).await.unwrap();
        }
    }
    lost
}

#[tokio::test]
async fn an_unsteady_link_breaks_single_connections_the_same_for_the_same_seed() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..2 {
        proxy.unsteady(0.1, ChaCha8Rng::seed_from_u64(7));
        runs.push(lost(&proxy, 60).await);
    }
    assert!(!proxy.is_cut());
    assert!((1..30).contains(&runs[0].len()), "{:?}", runs[0]);
    assert_eq!(runs[0], runs[1]);
    proxy.heal();
    assert_eq!(lost(&proxy, 60).await, Vec::<usize>::new());
}
