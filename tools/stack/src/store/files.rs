//! s3s-fs, but for what it reads: 4 KiB at a time, each through another thread. That took the store a third of the time that the runtime
//! needed to fetch and decode the same bytes (perf, a Nessus report of 450 MB), on cores that they share.

use std::path::{Path, PathBuf};

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, GetObjectInput,
    GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput, Range, StreamingBlob, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// Objects as files below a directory.
#[derive(Debug)]
pub(super) struct Files {
    inner: FileSystem,
    dir: PathBuf,
}

impl Files {
    /// Those of a directory that is there.
    pub(super) fn new(dir: &Path) -> Result<Self, s3s_fs::Error> {
        Ok(Self { inner: FileSystem::new(dir)?, dir: dir.to_owned() })
    }
}

/// The bytes of a file, or those of a range.
async fn bytes(path: &Path, range: Option<Range>) -> std::io::Result<StreamingBlob> {
    let mut file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let range = range.map_or(Ok(0..length), |range| range.check(length)).map_err(std::io::Error::other)?;
    file.seek(std::io::SeekFrom::Start(range.start)).await?;
    Ok(StreamingBlob::wrap(ReaderStream::with_capacity(file.take(range.end - range.start), PIECE)))
}

/// All that is asked of the store here; what is handed on is named only.
macro_rules! operations {
    ($($method:ident: $input:ident => $output:ident),* $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $method(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.inner.$method(request).await
            })*

            async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
                let path = self.dir.join(&request.input.bucket).join(&request.input.key);
                let range = request.input.range;
                let mut answer = self.inner.get_object(request).await?;
                answer.output.body = Some(bytes(&path, range).await.map_err(s3s::S3Error::internal_error)?);
                Ok(answer)
            }
        }
    };
}

operations! {
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput,
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput,
    create_bucket: CreateBucketInput => CreateBucketOutput,
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput,
    delete_object: DeleteObjectInput => DeleteObjectOutput,
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output,
    put_object: PutObjectInput => PutObjectOutput,
    upload_part: UploadPartInput => UploadPartOutput,
}
