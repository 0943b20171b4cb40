(** Pavings: their cells as boxes, and which of them a box can touch. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Rationals Tree Claims ExtensionClaim.
Import ListNotations.
Local Open Scope R_scope.

(* Inside Coq both sides of [&&] are computed: where that is long, this is the same. *)
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).

(** ** Sides *)

Lemma with_side_in i s : forall b x, in_box b x -> (forall y, nth_error x i = Some y -> within s y) ->
  in_box (with_side i s b) x.
Proof.
  induction i; intros b x F H; destruct F; simpl; constructor; auto.
  apply IHi; auto.
Qed.
Lemma with_side_at i s : forall b (x : list R), in_box (with_side i s b) x -> forall y, nth_error x i = Some y ->
  (i < length b)%nat -> within s y.
Proof.
  induction i; intros [|r b] x F y E L; simpl in *; try lia; inversion F as [|? v ? x' H F']; subst; simpl in E.
  - now inversion E; subst.
  - apply (IHi b x'); auto. lia.
Qed.
Lemma with_side_inner i s : forall b (x : list R), inner (with_side i s b) x -> forall y, nth_error x i = Some y ->
  (i < length b)%nat -> Q2R (fst s) < y < Q2R (snd s).
Proof.
  induction i; intros [|r b] x F y E L; simpl in *; try lia; inversion F as [|? v ? x' H F']; subst; simpl in E.
  - now inversion E; subst.
  - apply (IHi b x'); auto. lia.
Qed.
Lemma with_side_length i s : forall b, length (with_side i s b) = length b.
Proof. induction i; intros [|r b]; simpl; auto. Qed.
Lemma with_side_part i s : forall b B, Forall2 part_of b B -> (forall r, nth_error B i = Some r -> part_of s r) ->
  Forall2 part_of (with_side i s b) B.
Proof.
  induction i; intros b B F H; destruct F; simpl; constructor; auto.
Qed.
Lemma part_of_in b B x : Forall2 part_of b B -> in_box b x -> in_box B x.
Proof.
  intros F. revert x. induction F as [|s r b B P F IH]; intros x X; inversion X as [|? y ? x' Y X']; subst; constructor.
  - unfold part_of, within in *. lra.
  - now apply IH.
Qed.

(** ** What exact arithmetic decides *)

Definition Qvolume (b : list (Q * Q)) : Q := fold_right (fun s v => Qred ((snd s - fst s) * v)) 1%Q b.
Definition whole (l : list (list (Q * Q) * nat)) : Q := fold_right (fun cell v => Qred (Qvolume (fst cell) + v)) 0%Q l.
Fixpoint fair (p : paving) (b : list (Q * Q)) : bool :=
  match p with
  | Cut i m lower upper =>
    let s := nth i b (0, 0)%Q in
    Nat.ltb i (length b) && Qle_bool (fst s) m && Qle_bool m (snd s) &&
    (fair lower (with_side i (fst s, m) b) &&& fair upper (with_side i (m, snd s) b))
  | _ => true
  end.
Definition ready (e : extension_claim) : bool :=
  let b := bounds (core e) in
  let cells := kept (cells_of e) b in
  forallb (fun s => Qle_bool (fst s) (snd s)) b && fair (cells_of e) b &&
  forallb (fun cell => Nat.leb (snd cell) (most_steps e)) cells && Qle_bool (covered e) (whole cells).

Lemma Qle_bool_R p q : Qle_bool p q = true -> Q2R p <= Q2R q.
Proof. intros H. apply Qle_Rle. now apply Qle_bool_iff. Qed.
Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.
Lemma Qvolume_ok b : Q2R (Qvolume b) = volume b.
Proof.
  induction b as [|s b IH]; cbn [Qvolume volume fold_right].
  - unfold Q2R. simpl. field.
  - change (fold_right _ 1%Q b) with (Qvolume b). rewrite Q2R_red, Q2R_mult, Q2R_minus, IH. reflexivity.
Qed.
Lemma whole_ok l : Q2R (whole l) = fold_right (fun cell v => volume (fst cell) + v) 0 l.
Proof.
  induction l as [|c l IH]; cbn [whole fold_right].
  - unfold Q2R. simpl. field.
  - change (fold_right _ 0%Q l) with (whole l). rewrite Q2R_red, Q2R_plus, IH, Qvolume_ok. reflexivity.
Qed.

Lemma fair_cut i m lower upper b : fair (Cut i m lower upper) b = true ->
  (i < length b)%nat /\ exists s, nth_error b i = Some s /\ nth i b (0, 0)%Q = s /\
  Q2R (fst s) <= Q2R m <= Q2R (snd s) /\
  fair lower (with_side i (fst s, m) b) = true /\ fair upper (with_side i (m, snd s) b) = true.
Proof.
  cbn [fair]. cbv zeta. intros H. rewrite !andb_true_iff in H. destruct H as [[[L H1] H2] H3].
  apply Nat.ltb_lt in L. split; auto. exists (nth i b (0, 0)%Q).
  split; [now apply nth_error_nth'|]. split; auto. split.
  - split; now apply Qle_bool_R.
  - destruct (fair lower _); [auto|discriminate].
Qed.

Lemma kept_inside p B : forall b c t, fair p b = true -> Forall2 part_of b B -> In (c, t) (kept p b) -> Forall2 part_of c B.
Proof.
  induction p as [time| |i m lower IHl upper IHu]; intros b c t F P I; cbn [kept] in I.
  - destruct I as [E|[]]. now inversion E; subst.
  - destruct I.
  - apply fair_cut in F. destruct F as [L [s [E [Ns [M [F1 F2]]]]]]. rewrite Ns in I.
    assert (S : forall r, nth_error B i = Some r -> part_of s r).
    { clear -E P. revert i E. induction P as [|a d b B A P IH]; intros [|i] E r R; simpl in *; try discriminate.
      - inversion E; inversion R; subst; auto.
      - apply (IH i); auto. }
    apply in_app_or in I. destruct I as [I|I]; [apply (IHl _ c t F1) in I|apply (IHu _ c t F2) in I]; auto;
      apply with_side_part; auto; intros r R; specialize (S r R); unfold part_of in *; simpl; lra.
Qed.

Lemma pairs_app {A} (P : A -> A -> Prop) l m : ForallOrdPairs P l -> ForallOrdPairs P m ->
  (forall a b, In a l -> In b m -> P a b) -> ForallOrdPairs P (l ++ m).
Proof.
  intros Hl Hm H. induction Hl as [|a l F Hl IH]; simpl; auto. constructor.
  - apply Forall_app. split; auto. apply Forall_forall. intros b I. apply H; auto. now left.
  - apply IH. intros c b I. apply H. now right.
Qed.
Lemma inner_length b x : inner b x -> length x = length b.
Proof. induction 1; simpl; auto. Qed.
(** Points inside of a kept cell are so of the box. *)
Lemma kept_inner p : forall b c t x, fair p b = true -> In (c, t) (kept p b) -> inner c x -> inner b x.
Proof.
  induction p as [time| |i m lower IHl upper IHu]; intros b c t x F I X; cbn [kept] in I.
  - destruct I as [E|[]]. now inversion E; subst.
  - destruct I.
  - apply fair_cut in F. destruct F as [L [s [E [Ns [M [F1 F2]]]]]]. rewrite Ns in I.
    assert (Back : forall lo hi, Q2R (fst s) <= Q2R lo -> Q2R hi <= Q2R (snd s) ->
      inner (with_side i (lo, hi) b) x -> inner b x).
    { clear -E. revert x i E. induction b as [|r b IH]; intros x [|i] E lo hi A1 A2 H; simpl in *; try discriminate;
        inversion H as [|? y ? x' Y H']; subst; constructor; auto.
      - inversion E; subst. simpl in Y. lra.
      - now apply (IH x' i E lo hi). }
    apply in_app_or in I. destruct I as [I|I].
    + apply (Back (fst s) m); try lra. now apply (IHl _ c t).
    + apply (Back m (snd s)); try lra. now apply (IHu _ c t).
Qed.
Lemma kept_apart p : forall b, fair p b = true ->
  ForallOrdPairs (fun a d => forall x, ~ (inner (fst a) x /\ inner (fst d) x)) (kept p b).
Proof.
  induction p as [time| |i m lower IHl upper IHu]; intros b F; cbn [kept]; try (repeat constructor; fail).
  apply fair_cut in F. destruct F as [L [s [E [-> [M [F1 F2]]]]]].
  apply pairs_app; auto. intros [a t] [d t'] Ia Id x [Xa Xd]. simpl in Xa, Xd.
  pose proof (kept_inner _ _ _ _ _ F1 Ia Xa) as Ya. pose proof (kept_inner _ _ _ _ _ F2 Id Xd) as Yd.
  pose proof (inner_length _ _ Ya) as Lx. rewrite with_side_length in Lx.
  destruct (nth_error x i) as [y|] eqn:Y; [|apply nth_error_None in Y; lia].
  pose proof (with_side_inner _ _ _ _ Ya y Y L) as A. pose proof (with_side_inner _ _ _ _ Yd y Y L) as D.
  simpl in A, D. lra.
Qed.

(** ** Which cells a box touches *)

Inductive lookup := Never | Within (time : nat) | Branch (axis : nat) (middle : interval) (lower upper : lookup).
Fixpoint lookup_of (p : paving) : lookup :=
  match p with
  | Kept time => Within time
  | Dropped => Never
  | Cut i m lower upper => Branch i (enclose m) (lookup_of lower) (lookup_of upper)
  end.
(** Every cell that the box [h] touches is kept, with a time of at most [limit]. *)
Fixpoint soon (l : lookup) (h : list interval) (limit : nat) : bool :=
  match l with
  | Never => false
  | Within time => Nat.leb time limit
  | Branch i m lower upper =>
    match nth_error h i with
    | None => false
    | Some x =>
      (if is_lt (high m) (low x) then true else soon lower h limit) &&&
      (if is_lt (high x) (low m) then true else soon upper h limit)
    end
  end.

Lemma beyond i j x y : is_lt (high i) (low j) = true -> contains i x -> contains j y -> x < y.
Proof.
  intros H [_ U] J. destruct (Rlt_or_le x y) as [L|L]; auto. exfalso.
  apply (apart (Ends nan (high i)) j y H); auto. split; cbn [low high].
  - apply (unbounded_ok y).
  - now apply (upper_le _ x).
Qed.

Lemma soon_ok p : forall b h limit x, soon (lookup_of p) h limit = true -> Forall2 contains h x ->
  fair p b = true -> in_box b x -> exists c t, In (c, t) (kept p b) /\ in_box c x /\ (t <= limit)%nat.
Proof.
  induction p as [time| |i m lower IHl upper IHu]; intros b h limit x S H F X; cbn [lookup_of soon kept] in *.
  - apply Nat.leb_le in S. exists b, time. simpl. auto.
  - discriminate.
  - apply fair_cut in F. destruct F as [L [s [E [-> [M [F1 F2]]]]]].
    destruct (nth_error h i) as [r|] eqn:R; [|discriminate].
    destruct (Bisection.nth_error_ok _ _ _ _ H R) as [y [Y C]].
    assert (Ws : within s y).
    { clear -E X Y. revert i E Y. induction X as [|a v b x A X IH]; intros [|i] E Y; simpl in *; try discriminate.
      - now inversion E; inversion Y; subst.
      - now apply (IH i). }
    pose proof (enclose_ok m) as Cm. unfold within in Ws.
    destruct (Rle_or_lt y (Q2R m)) as [G|G].
    + destruct (is_lt (high (enclose m)) (low r)) eqn:T.
      { pose proof (beyond _ _ _ _ T Cm C). lra. }
      destruct (soon (lookup_of lower) h limit) eqn:Sl; [|discriminate].
      destruct (IHl (with_side i (fst s, m) b) h limit x Sl H F1) as [c [t [I [Xc Lt]]]].
      { apply with_side_in; auto. intros v V. rewrite Y in V. inversion V; subst. unfold within. simpl. lra. }
      exists c, t. split; auto. apply in_or_app. auto.
    + assert (Su : (if is_lt (high r) (low (enclose m)) then true else soon (lookup_of upper) h limit) = true).
      { destruct (is_lt (high (enclose m)) (low r)); auto. destruct (soon (lookup_of lower) h limit); auto; discriminate. }
      destruct (is_lt (high r) (low (enclose m))) eqn:T.
      { pose proof (beyond _ _ _ _ T C Cm). lra. }
      destruct (IHu (with_side i (m, snd s) b) h limit x Su H F2) as [c [t [I [Xc Lt]]]].
      { apply with_side_in; auto. intros v V. rewrite Y in V. inversion V; subst. unfold within. simpl. lra. }
      exists c, t. split; auto. apply in_or_app. auto.
Qed.
