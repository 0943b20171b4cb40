(** Pavings: their cells as boxes, and which of them a box can touch. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Bounds Rationals Tree Claims ExtensionClaim.
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

Lemma side_of b x i : in_box b x -> forall s y, nth_error b i = Some s -> nth_error x i = Some y -> within s y.
Proof.
  intros X. revert i. induction X as [|a v b x A X IH]; intros [|i] s y E Y; simpl in *; try discriminate.
  - now inversion E; inversion Y; subst.
  - now apply (IH i).
Qed.

(** ** What exact arithmetic decides *)

Definition Qvolume (b : list (Q * Q)) : Q := fold_right (fun s v => Qred ((snd s - fst s) * v)) 1%Q b.
Definition whole (l : list (list (Q * Q) * nat)) : Q := fold_right (fun cell v => Qred (Qvolume (fst cell) + v)) 0%Q l.
(** Something of all cells from the last to the first, in which [kept] has those that are kept: without
    recursion that is as deep as they are many. *)
Fixpoint gathered {A} (f : list (Q * Q) -> option nat -> A -> A) (p : paving) (b : list (Q * Q)) (a : A) : A :=
  match p with
  | Kept time => f b (Some time) a
  | Dropped => f b None a
  | Cut i m lower upper =>
    let side := nth i b (0, 0)%Q in
    gathered f lower (with_side i (fst side, m) b) (gathered f upper (with_side i (m, snd side) b) a)
  end.
Lemma gathered_kept {A} (g : list (Q * Q) * nat -> A -> A) p : forall b a,
  gathered (fun c t a => match t with Some t => g (c, t) a | None => a end) p b a = fold_right g a (kept p b).
Proof. induction p as [t| |i m l IHl u IHu]; intros b a; cbn [gathered kept]; auto. now rewrite IHu, IHl, fold_right_app. Qed.

Fixpoint fair (p : paving) (b : list (Q * Q)) : bool :=
  match p with
  | Cut i m lower upper =>
    let s := nth i b (0, 0)%Q in
    Nat.ltb i (length b) && Qle_bool (fst s) m && Qle_bool m (snd s) &&
    (fair lower (with_side i (fst s, m) b) &&& fair upper (with_side i (m, snd s) b))
  | _ => true
  end.
(** What is wrong with a paving whose cells are not as early and as large as stated. *)
Inductive misfit := Misshapen | Late | Small.
Definition counted (most : nat) (c : list (Q * Q) * nat) (ev : bool * Q) : bool * Q :=
  let (early, v) := ev in (if Nat.leb (snd c) most then early else false, Qred (Qvolume (fst c) + v)).
Definition unfit (b : list (Q * Q)) (p : paving) (most : nat) (covered : Q) : option misfit :=
  if forallb (fun s => Qle_bool (fst s) (snd s)) b &&& fair p b then
    let (early, v) := gathered (fun c t a => match t with Some t => counted most (c, t) a | None => a end) p b (true, 0%Q) in
    if early then if Qle_bool covered v then None else Some Small else Some Late
  else Some Misshapen.
Definition laid (b : list (Q * Q)) (p : paving) (most : nat) (covered : Q) : bool :=
  match unfit b p most covered with None => true | _ => false end.
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

Definition ready (e : extension_claim) : bool := laid (bounds (core e)) (cells_of e) (most_steps e) (covered e).

Lemma laid_ok b p most covered : laid b p most covered = true -> paved b p most covered /\ fair p b = true.
Proof.
  unfold laid, unfit. rewrite gathered_kept.
  assert (Count : fold_right (counted most) (true, 0%Q) (kept p b) =
    (forallb (fun cell => Nat.leb (snd cell) most) (kept p b), whole (kept p b))).
  { induction (kept p b) as [|c l IH]; [reflexivity|]. cbn [fold_right forallb whole]. rewrite IH. unfold counted.
    now destruct (Nat.leb (snd c) most). }
  rewrite Count. destruct (forallb _ b) eqn:H1; [|discriminate]. destruct (fair p b) eqn:F; [|discriminate].
  destruct (forallb _ (kept p b)) eqn:T; [|discriminate]. destruct (Qle_bool _ _) eqn:V; [|discriminate]. intros _. split; auto.
  assert (Pb : Forall2 part_of b b).
  { clear -H1. induction b as [|s b IH]; simpl in H1; constructor; apply andb_prop in H1; destruct H1 as [H1 H2]; auto.
    apply Qle_bool_R in H1. unfold part_of. lra. }
  constructor.
  - intros c t I. split; [now apply (kept_inside p b b c t)|]. rewrite forallb_forall in T.
    apply Nat.leb_le. now apply (T (c, t)).
  - now apply kept_apart.
  - rewrite <- whole_ok. now apply Qle_bool_R.
Qed.

(** The boxes of the other cells. *)
Fixpoint dropped (p : paving) (b : list (Q * Q)) : list (list (Q * Q)) :=
  match p with
  | Kept _ => []
  | Dropped => [b]
  | Cut i m lower upper =>
    let side := nth i b (0, 0)%Q in
    dropped lower (with_side i (fst side, m) b) ++ dropped upper (with_side i (m, snd side) b)
  end.
Lemma in_some_cell p : forall b x, fair p b = true -> in_box b x ->
  (exists c t, In (c, t) (kept p b) /\ in_box c x) \/ (exists c, In c (dropped p b) /\ in_box c x).
Proof.
  induction p as [time| |i m lower IHl upper IHu]; intros b x F X; cbn [kept dropped].
  - left. exists b, time. simpl. auto.
  - right. exists b. simpl. auto.
  - apply fair_cut in F. destruct F as [L [s [E [-> [M [F1 F2]]]]]].
    destruct (nth_error x i) as [y|] eqn:Y.
    2:{ apply nth_error_None in Y. apply Forall2_length in X. lia. }
    assert (Ws : within s y) by (now apply (side_of b x i)). unfold within in Ws.
    assert (Side : in_box (with_side i (fst s, m) b) x \/ in_box (with_side i (m, snd s) b) x).
    { destruct (Rle_or_lt y (Q2R m)); [left|right]; apply with_side_in; auto; intros v V; rewrite Y in V;
        inversion V; subst; unfold within; simpl; lra. }
    destruct Side as [S|S]; [destruct (IHl _ x F1 S) as [[c [t [I Xc]]]|[c [I Xc]]]
      |destruct (IHu _ x F2 S) as [[c [t [I Xc]]]|[c [I Xc]]]].
    all: try (left; exists c, t; split; [apply in_or_app; auto|exact Xc]).
    all: right; exists c; split; [apply in_or_app; auto|exact Xc].
Qed.

(** The kept cells with their times, and the others if they are wanted, before what is [after] them. *)
Definition cells_before (others : bool) (p : paving) (b : list (Q * Q)) (after : list (list (Q * Q) * option nat)) :=
  gathered (fun c t l => match t with Some _ => (c, t) :: l | None => if others then (c, t) :: l else l end) p b after.
Lemma cells_after others p : forall b after x, In x after -> In x (cells_before others p b after).
Proof.
  unfold cells_before. induction p as [t| |i m l IHl u IHu]; intros b after x I; cbn [gathered].
  - now right.
  - destruct others; [now right|auto].
  - apply IHl. now apply IHu.
Qed.
Lemma kept_before others p : forall b after c t, In (c, t) (kept p b) -> In (c, Some t) (cells_before others p b after).
Proof.
  induction p as [t'| |i m l IHl u IHu]; intros b after c t I; cbn [kept] in I.
  - destruct I as [E|[]]. inversion E. now left.
  - destruct I.
  - unfold cells_before. cbn [gathered]. apply in_app_or in I. destruct I as [I|I]; [now apply IHl|].
    apply cells_after. now apply IHu.
Qed.
Lemma dropped_before p : forall b after c, In c (dropped p b) -> In (c, None) (cells_before true p b after).
Proof.
  induction p as [t'| |i m l IHl u IHu]; intros b after c I; cbn [dropped] in I.
  - destruct I.
  - destruct I as [E|[]]. subst. now left.
  - unfold cells_before. cbn [gathered]. apply in_app_or in I. destruct I as [I|I]; [now apply IHl|].
    apply (cells_after true). now apply IHu.
Qed.

(** ** Which cells a box touches *)

Inductive lookup := Never | Within (time : nat) | Branch (axis : nat) (middle : interval) (lower upper : lookup).
Fixpoint lookup_of (p : paving) : lookup :=
  match p with
  | Kept time => Within time
  | Dropped => Never
  | Cut i m lower upper => Branch i (enclose m) (lookup_of lower) (lookup_of upper)
  end.
(** Numbers of at most [u] are none above those of at least [l]. *)
Definition not_before (u l : float) : bool := finite u && finite l && is_le u l.
(** Every point of the box [h] is in a cell that is kept, with a time of at most [limit]: of cells that
    share a side, one has the points on it. *)
Fixpoint soon (l : lookup) (h : list interval) (limit : nat) : bool :=
  match l with
  | Never => false
  | Within time => Nat.leb time limit
  | Branch i m lower upper =>
    match nth_error h i with
    | None => false
    | Some x =>
      if not_before (high m) (low x) then soon upper h limit
      else if not_before (high x) (low m) then soon lower h limit
      else soon lower h limit &&& soon upper h limit
    end
  end.

Lemma not_before_ok i j x y : not_before (high i) (low j) = true -> contains i x -> contains j y -> x <= y.
Proof.
  unfold not_before. rewrite !andb_true_iff. intros [[F G] H] [_ U] [L _].
  pose proof (finite_ge _ _ _ U G H). apply finite_lower in L; auto. lra.
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
    pose proof (side_of b x i X s y E Y) as Ws. pose proof (enclose_ok m) as Cm. unfold within in Ws.
    assert (Down : soon (lookup_of lower) h limit = true -> y <= Q2R m -> exists c t,
      In (c, t) (kept lower (with_side i (fst s, m) b) ++ kept upper (with_side i (m, snd s) b)) /\ in_box c x /\ (t <= limit)%nat).
    { intros Sl G. destruct (IHl (with_side i (fst s, m) b) h limit x Sl H F1) as [c [t [I [Xc Lt]]]].
      { apply with_side_in; auto. intros v V. rewrite Y in V. inversion V; subst. unfold within. simpl. lra. }
      exists c, t. split; auto. apply in_or_app. auto. }
    assert (Up : soon (lookup_of upper) h limit = true -> Q2R m <= y -> exists c t,
      In (c, t) (kept lower (with_side i (fst s, m) b) ++ kept upper (with_side i (m, snd s) b)) /\ in_box c x /\ (t <= limit)%nat).
    { intros Su G. destruct (IHu (with_side i (m, snd s) b) h limit x Su H F2) as [c [t [I [Xc Lt]]]].
      { apply with_side_in; auto. intros v V. rewrite Y in V. inversion V; subst. unfold within. simpl. lra. }
      exists c, t. split; auto. apply in_or_app. auto. }
    destruct (not_before (high (enclose m)) (low r)) eqn:T; [apply Up; auto; now apply (not_before_ok (enclose m) r)|].
    destruct (not_before (high r) (low (enclose m))) eqn:T'; [apply Down; auto; now apply (not_before_ok r (enclose m))|].
    destruct (soon (lookup_of lower) h limit) eqn:Sl; [|discriminate].
    destruct (Rle_or_lt y (Q2R m)); [now apply Down|apply Up; auto; lra].
Qed.
